// The chat: Markdown, sanitiser and highlighter are most of the bytes, so only pages with a chat load them.
import AttachController from "../controllers/attach_controller.js";
import ChatController from "../controllers/chat_controller.js";
import CompareController from "../controllers/compare_controller.js";
import FeedbackController from "../controllers/feedback_controller.js";
import { app } from "./stimulus.js";

app.register("attach", AttachController);
app.register("chat", ChatController);
app.register("compare", CompareController);
app.register("feedback", FeedbackController);
