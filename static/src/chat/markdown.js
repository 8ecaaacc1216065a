// Streamed Markdown as safe HTML. Only the blocks that changed are rendered again, so a long answer stays cheap to extend.

import DOMPurify from "dompurify";
import { Marked } from "marked";
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import css from "highlight.js/lib/languages/css";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import sql from "highlight.js/lib/languages/sql";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

for (const [name, language] of Object.entries({ bash, css, javascript, json, python, sql, xml, yaml })) {
  hljs.registerLanguage(name, language);
}

// HTML that a model writes is shown as what it is, text, as the server does; parsed, its styles would also break the page's policy.
const marked = new Marked({ gfm: true, breaks: true, tokenizer: { html: () => undefined, tag: () => undefined } });

/** The same tags the server lets through (agent_app/markdown.py). */
const ALLOWED = {
  ALLOWED_TAGS: [
    "p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
  ],
  ALLOWED_ATTR: ["href", "title", "start", "class"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#|\/(?!\/))/i,
};

/** @param {string} source */
export function markdownToHtml(source) {
  return /** @type {string} */ (marked.parse(source, { async: false }));
}

/** @param {string} source @returns {DocumentFragment} */
export function renderMarkdown(source) {
  const fragment = DOMPurify.sanitize(markdownToHtml(source), { ...ALLOWED, RETURN_DOM_FRAGMENT: true });
  for (const link of fragment.querySelectorAll("a")) {
    link.rel = "noopener noreferrer nofollow";
    link.target = "_blank";
    link.className = "link";
  }
  for (const block of fragment.querySelectorAll("pre > code")) frameCode(/** @type {HTMLElement} */ (block));
  for (const element of fragment.querySelectorAll("[class]")) {
    if (!/^(link|chat-code|code|btn|language-|hljs|k$|s$|n$|f$|c$)/.test(element.className)) element.removeAttribute("class");
  }
  return fragment;
}

/** A figure with the language, a copy button and highlighted text. @param {HTMLElement} block */
function frameCode(block) {
  const language = /language-([\w+-]+)/.exec(block.className)?.[1] ?? "";
  const figure = document.createElement("figure");
  figure.className = "chat-code";
  const caption = figure.appendChild(document.createElement("figcaption"));
  caption.appendChild(document.createElement("span")).textContent = language;
  const copy = caption.appendChild(document.createElement("button"));
  copy.type = "button";
  copy.className = "btn btn-ghost btn-sm";
  Object.assign(copy.dataset, { controller: "copy", action: "copy#copy", copyNearValue: "figure pre" });
  const { copyLabel, copiedLabel } = document.documentElement.dataset;
  copy.dataset.copyDoneValue = copiedLabel ?? "";
  const label = copy.appendChild(document.createElement("span"));
  label.dataset.copyTarget = "label";
  label.textContent = copyLabel ?? "";
  const pre = figure.appendChild(document.createElement("pre"));
  pre.className = "code";
  pre.tabIndex = 0;
  const code = pre.appendChild(document.createElement("code"));
  const text = block.textContent ?? "";
  if (hljs.getLanguage(language)) code.innerHTML = hljs.highlight(text, { language, ignoreIllegals: true }).value;
  else code.textContent = text;
  block.parentElement?.replaceWith(figure);
}

/** Text that grows inside one element. */
export class StreamedMarkdown {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.text = "";
    /** @type {{raw: string, nodes: ChildNode[]}[]} */
    this.blocks = [];
    this.frame = 0;
  }

  /** @param {string} delta */
  append(delta) {
    this.set(this.text + delta);
  }

  /** @param {string} text */
  set(text) {
    this.text = text;
    this.frame ||= requestAnimationFrame(() => this.flush());
  }

  /** Show everything now. */
  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const wanted = marked.lexer(this.text).map((token) => token.raw);
    let same = 0;
    while (same < wanted.length && same < this.blocks.length && wanted[same] === this.blocks[same].raw) same += 1;
    for (const block of this.blocks.splice(same)) block.nodes.forEach((node) => node.remove());
    for (const raw of wanted.slice(same)) {
      const fragment = renderMarkdown(raw);
      const nodes = [...fragment.childNodes];
      this.element.append(fragment);
      this.blocks.push({ raw, nodes });
    }
  }
}
