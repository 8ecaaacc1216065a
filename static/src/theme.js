// Runs before the first paint: the page's own choice (cookie "theme", rendered as data-theme-choice) or the system's.
import { applyTheme } from "./theme_choice.js";

applyTheme(document.documentElement, window);
