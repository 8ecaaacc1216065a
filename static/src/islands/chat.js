// The chat: Markdown, sanitiser and highlighter are most of the bytes, so only pages with a chat load them.
import ChatController from "../controllers/chat_controller.js";
import { app } from "./stimulus.js";

app.register("chat", ChatController);
