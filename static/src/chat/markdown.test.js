import assert from "node:assert/strict";
import { test } from "node:test";
import { markdownToHtml } from "./markdown.js";

test("HTML that a model writes is shown as text, and nothing of it is lost", () => {
  assert.equal(
    markdownToHtml('Use <b style="color: red">red</b>.').trim(),
    "<p>Use &lt;b style=&quot;color: red&quot;&gt;red&lt;/b&gt;.</p>",
  );
  assert.equal(markdownToHtml("<div>\n\n**bold**\n\n</div>").trim(), "<p>&lt;div&gt;</p>\n<p><strong>bold</strong></p>\n<p>&lt;/div&gt;</p>");
  assert.equal(markdownToHtml("<script>\nalert(1)\n</script>").trim(), "<p>&lt;script&gt;<br>alert(1)<br>&lt;/script&gt;</p>");
  assert.equal(markdownToHtml("`<i>`, <https://example.com/> and 1 < 2").trim(),
    '<p><code>&lt;i&gt;</code>, <a href="https://example.com/">https://example.com/</a> and 1 &lt; 2</p>');
});
