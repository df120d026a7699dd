// Pictures that were drawn here, with how they were drawn.

import { refinement } from "./refinement.js";

const part = (id) => document.getElementById(id);

/** A gallery over a store; `act` has a function for what somebody wants: replay, vary, edit and refine. */
export async function gallery(store, model, act) {
  let pictures = (await store.all()).reverse();
  let open = null;
  const urls = new Map();

  const url = (picture) => {
    if (!urls.has(picture.id)) urls.set(picture.id, URL.createObjectURL(picture.blob));
    return urls.get(picture.id);
  };
  const forget = (picture) => {
    URL.revokeObjectURL(urls.get(picture.id));
    urls.delete(picture.id);
  };
  const note = () => {
    const place = store.isLasting ? "kept in this browser" : "kept until you leave the page";
    part("gallery-note").textContent = pictures.length ? `${pictures.length}, ${place}` : "None yet.";
    part("clear").hidden = !pictures.length;
  };
  const thumb = (picture) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.classList.toggle("draft", picture.draft);
    const image = Object.assign(document.createElement("img"), { src: url(picture), loading: "lazy" });
    image.alt = `${picture.label}, seed ${picture.request.seed}${picture.draft ? ", draft" : ""}`;
    button.append(image);
    button.addEventListener("click", () => show(picture));
    item.append(button);
    item.dataset.id = picture.id;
    return item;
  };
  const remove = async (picture) => {
    await store.remove(picture.id);
    pictures = pictures.filter(({ id }) => id !== picture.id);
    part("gallery").querySelector(`[data-id="${picture.id}"]`)?.remove();
    forget(picture);
    note();
  };

  function show(picture) {
    open = picture;
    const { request, label } = picture;
    part("viewer-image").src = url(picture);
    part("viewer-image").alt = label;
    part("viewer-title").textContent = label;
    const { sampler } = request;
    const facts = [
      ["Seed", request.number ? `${request.seed}, number ${request.number}` : request.seed],
      ["Size", `${picture.width} × ${picture.height}${picture.draft ? ", a draft" : ""}`],
      ["Sampler", `${sampler.solver}, ${sampler.steps.join(" + ")} steps, guidance ${sampler.guidance.scale}`],
      ["Model", picture.model],
      ["Drawn", new Date(picture.when).toLocaleString()],
    ];
    if (request.edit) {
      const { mask, strength, from_stage: stage } = request.edit;
      const begin = strength === undefined ? `from stage ${stage + 1}` : `${Math.round(100 * strength)} % new`;
      facts.splice(2, 0, ["Edit", `${mask ? "a part" : "the whole"} of a picture, ${begin}`]);
    }
    if (request.negative) facts.unshift(["Without", request.negative]);
    part("viewer-facts").replaceChildren(...facts.flatMap(([name, value]) => [
      Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    ]));
    const download = part("viewer-download");
    download.href = url(picture);
    download.download = `${label.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60)}-seed${request.seed}-${String(request.number).padStart(5, "0")}.png`;
    part("viewer-edit").hidden = picture.draft;
    part("viewer-refine").textContent = refinement(picture, model).name;
    if (!part("viewer").open) part("viewer").showModal();
  }

  const closing = (action) => () => {
    part("viewer").close();
    if (open && action) action(open);
  };
  part("viewer-close").addEventListener("click", closing());
  part("viewer-replay").addEventListener("click", closing(act.replay));
  part("viewer-vary").addEventListener("click", closing(act.vary));
  part("viewer-edit").addEventListener("click", closing(act.edit));
  part("viewer-refine").addEventListener("click", closing(act.refine));
  part("viewer-remove").addEventListener("click", closing(remove));
  part("clear").addEventListener("click", async () => {
    // eslint-disable-next-line no-alert
    if (!window.confirm(`Remove all ${pictures.length} pictures from this browser?`)) return;
    await store.clear();
    pictures.forEach(forget);
    pictures = [];
    part("gallery").replaceChildren();
    note();
  });

  part("gallery").replaceChildren(...pictures.map(thumb));
  note();
  return {
    show,
    async add(picture) {
      // A browser that is full keeps it until the page is left.
      const id = await store.add(picture).catch(() => `unkept-${Date.now()}-${Math.random()}`);
      const whole = { ...picture, id };
      pictures.unshift(whole);
      part("gallery").prepend(thumb(whole));
      while (pictures.length > store.kept) await remove(pictures[pictures.length - 1]);
      note();
      return whole;
    },
  };
}
