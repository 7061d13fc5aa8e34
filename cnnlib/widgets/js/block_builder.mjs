// BlockBuilder: three pictures in one. An Inception block, a chain of blocks with shortcuts, a ladder of windows.
// Traits   view: "inception" | "residual" | "field"   channels, filters, reducers, reduced, backward, branch   depth, slope
//          layers, image_size, level, unit   presets: { name: layers }   initial: traits for reset
// Equations param-count, concat-dx, residual-dx, receptive-field
import { assign, button, choice, follow, h, narrator, stage } from "./draw.mjs";
import { inceptionView } from "./block_inception.mjs";
import { residualView } from "./block_residual.mjs";
import { fieldView } from "./block_field.mjs";

const traits = ["view", "channels", "filters", "reducers", "reduced", "backward", "branch", "depth", "slope", "layers", "image_size", "level", "unit"];

function render({ model, el }) {
  const views = { inception: inceptionView(model), residual: residualView(model), field: fieldView(model) };
  const voice = narrator();
  const tabs = choice("Picture", { inception: "branches", residual: "shortcuts", field: "fields" }, (view) => assign(model, { view }));
  const reset = button("reset", "back to the worked example", () => assign(model, { ...model.get("initial"), view: model.get("view") }), "reset");
  const tries = Object.values(views).map((view) => h("p", { class: "try" }, h("strong", {}, view.strong), view.hint));
  const controls = Object.values(views).map((view) => h("div", { class: "controls block-controls" }, ...view.controls));
  stage(el, "block-builder", "Blocks of layers, taken apart");
  el.replaceChildren(h("div", { class: "block-tabs" }, tabs.el), ...tries, ...Object.values(views).map((view) => view.picture), ...voice.parts, ...controls);

  function draw() {
    const chosen = model.get("view");
    Object.entries(views).forEach(([name, view], k) => {
      [tries[k], view.picture, controls[k]].forEach((part) => { part.hidden = name !== chosen; });
    });
    const home = controls[Object.keys(views).indexOf(chosen)];
    if (reset.el.parentNode !== home) home.append(reset.el);
    tabs.sync(chosen);
    voice.tell(...views[chosen].draw());
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return unfollow;
}

export default { render };
