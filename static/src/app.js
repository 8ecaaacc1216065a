// The script of every page: htmx for fragments, Stimulus for behaviour. Pages work without it as far as they can.
// What only some pages need is an island (static/src/islands/), loaded by those pages after this.
import { Application, Controller } from "@hotwired/stimulus";
import htmx from "htmx.org/dist/htmx.esm.js";
import { toFirstError } from "./first_error.js";
import { setUpHtmx } from "./htmx_setup.js";
import { sendOnce } from "./send_once.js";
import AgoController from "./controllers/ago_controller.js";
import AutosaveController from "./controllers/autosave_controller.js";
import AutosubmitController from "./controllers/autosubmit_controller.js";
import BulkSelectController from "./controllers/bulk_select_controller.js";
import CopyController from "./controllers/copy_controller.js";
import DependsController from "./controllers/depends_controller.js";
import DialogController from "./controllers/dialog_controller.js";
import LiveController from "./controllers/live_controller.js";
import HelpController from "./controllers/help_controller.js";
import MenuController from "./controllers/menu_controller.js";
import MentionController from "./controllers/mention_controller.js";
import ModalController from "./controllers/modal_controller.js";
import OrderedController from "./controllers/ordered_controller.js";
import OutputTypeController from "./controllers/output_type_controller.js";
import PaletteController from "./controllers/palette_controller.js";
import RevealController from "./controllers/reveal_controller.js";
import ThemeController from "./controllers/theme_controller.js";
import ToastController from "./controllers/toast_controller.js";
import UsageController from "./controllers/usage_controller.js";

setUpHtmx(htmx, document);
sendOnce(window);
toFirstError(document);

const app = Application.start();
app.register("ago", AgoController);
app.register("autosave", AutosaveController);
app.register("autosubmit", AutosubmitController);
app.register("bulk-select", BulkSelectController);
app.register("copy", CopyController);
app.register("depends", DependsController);
app.register("dialog", DialogController);
app.register("live", LiveController);
app.register("help", HelpController);
app.register("menu", MenuController);
app.register("mention", MentionController);
app.register("modal", ModalController);
app.register("ordered", OrderedController);
app.register("output-type", OutputTypeController);
app.register("palette", PaletteController);
app.register("reveal", RevealController);
app.register("theme", ThemeController);
app.register("toast", ToastController);
app.register("usage", UsageController);

Object.assign(globalThis, { troupe: { app, Controller, htmx } });
