// The part of the form that edits a picture: which one, what of it is drawn anew, and how much.

import { maskPainter } from "./mask.js";

const part = (id) => document.getElementById(id);
const STRENGTH = { whole: 0.6, part: 1 };
const SEAM = 1;

/**
 * The Edit part for a model; `onSize([height, width])` is told what size the picture asks for, `onError` what went
 * wrong.
 */
export function editor(model, onSize, onError) {
  let picture = null;
  let strength = STRENGTH.whole;
  const painter = maskPainter(part("edit-canvas"), (share) => {
    part("edit-share").textContent = `${Math.round(100 * share)} % is drawn anew`;
  });
  const isPart = () => part("edit-painted").checked;
  const isStrength = () => part("begin").value === "strength";

  part("begin").add(new Option("As much as I say", "strength"));
  for (let stage = 1; stage < model.stages; stage += 1) {
    const side = model.size[0] / 2 ** (model.stages - stage);
    part("begin").add(new Option(`At stage ${stage + 1}: what shows at ${side} px stays`, stage));
  }

  // The slider has steps; what a recipe says is kept until somebody moves it.
  const setStrength = (value) => {
    strength = value;
    part("strength").value = value;
    part("strength-value").textContent = `${Math.round(100 * value)} %`;
  };
  const showKind = () => {
    part("mask-tools").hidden = !isPart();
    part("strength-part").hidden = !isStrength();
    painter.use(isPart());
    const canvas = part("edit-canvas");
    canvas.tabIndex = isPart() ? 0 : -1;
    canvas.setAttribute("role", isPart() ? "application" : "img");
    canvas.setAttribute("aria-describedby", isPart() ? "edit-share edit-keys" : "");
  };
  const setPart = (is) => {
    part(is ? "edit-painted" : "edit-whole").checked = true;
    setStrength(is ? STRENGTH.part : STRENGTH.whole);
    showKind();
  };
  const setBrush = (width) => {
    painter.brush.width = width;
    part("brush").value = width;
    part("brush-value").textContent = `${width} px`;
  };
  const setPaints = (is) => {
    painter.brush.paints = is;
    part("mask-paint").setAttribute("aria-pressed", String(is));
    part("mask-erase").setAttribute("aria-pressed", String(!is));
  };
  const on = (id, act, type = "click") => part(id).addEventListener(type, act);

  for (const id of ["edit-whole", "edit-painted"]) on(id, () => setPart(isPart()), "change");
  on("begin", showKind, "change");
  on("strength", () => setStrength(Number(part("strength").value)), "input");
  on("brush", () => setBrush(Number(part("brush").value)), "input");
  on("mask-paint", () => setPaints(true));
  on("mask-erase", () => setPaints(false));
  on("mask-undo", painter.undo);
  on("mask-invert", painter.invert);
  on("mask-all", () => painter.fill(255));
  on("mask-none", () => painter.fill(0));
  on("rectangle", () => {
    const names = ["left", "top", "width", "height"];
    const values = names.map((name) => [name, Math.max(0, Math.floor(Number(part(`rectangle-${name}`).value)))]);
    painter.rectangle(Object.fromEntries(values));
  });
  on("edit-remove", () => clear());
  const fit = async () => {
    const { blob, width, height } = picture;
    const [tall, wide] = fitting(model, [height, width]);
    const image = await createImageBitmap(blob, { resizeWidth: wide, resizeHeight: tall, resizeQuality: "high" });
    const canvas = Object.assign(document.createElement("canvas"), { width: wide, height: tall });
    canvas.getContext("2d").drawImage(image, 0, 0);
    await open(await new Promise((resolve) => canvas.toBlob(resolve, "image/png")));
  };
  on("edit-fit", () => fit().catch(onError));

  const showFit = () => {
    const { width, height } = picture;
    const most = 4 * model.size[0] * model.size[1];
    const fits = [width, height].every((side) => side % model.sizeMultiple === 0) && width * height <= model.limits.pixels;
    const [tall, wide] = fitting(model, [height, width]);
    part("edit-misfit").hidden = fits && width * height <= most;
    part("edit-misfit-said").textContent = fits
      ? `It has ${width} × ${height} pixels, many more than the model knows: that is slow, and seldom good.`
      : `It has ${width} × ${height} pixels, which the model cannot draw: sides are multiples of ${model.sizeMultiple}.`;
    part("edit-fit").textContent = `Scale it to ${wide} × ${tall}`;
  };

  /**
   * Opens a picture; `stage` is where drawing begins, or `share` how much is new, `size` that of the images if it is
   * another; `isMasked` is whether a part is painted, which `mask` may have already.
   */
  async function open(blob, { stage = null, size = null, share = null, resample = SEAM, mask = null, isMasked = mask !== null } = {}) {
    const pixels = await pixelsOf(blob);
    const { width, height } = pixels;
    picture = { blob, width, height, isSmall: Boolean(size) && (size[0] !== height || size[1] !== width) };
    part("edit").open = true;
    part("edit-none").hidden = true;
    part("edit-open-part").hidden = false;
    part("edit-kind").hidden = picture.isSmall;
    part("brush").max = Math.max(4, Math.ceil(Math.max(width, height) / 2));
    setBrush(Math.max(1, Math.round(Math.max(width, height) / 8)));
    setPaints(true);
    for (const [name, value] of Object.entries({ left: 0, top: 0, width, height })) part(`rectangle-${name}`).value = value;
    const isOfStage = (option) => option.value === String(stage);
    part("begin").value = [...part("begin").options].some(isOfStage) ? stage : "strength";
    part("resample").value = resample;
    painter.begin(pixels, mask ? levelsOf(await pixelsOf(mask)) : undefined);
    setPart(isMasked);
    if (share !== null) setStrength(share);
    if (!picture.isSmall) showFit();
    else part("edit-misfit").hidden = true;
    onSize(size ?? [height, width]);
  }

  function clear() {
    const was = picture;
    picture = null;
    part("edit-none").hidden = false;
    part("edit-open-part").hidden = true;
    if (was) onSize(model.size);
  }

  return {
    open,
    clear,
    /** What the part asks for; null without a picture. */
    async request() {
      if (!picture) return null;
      const isMasked = isPart() && !picture.isSmall;
      if (isMasked && painter.isEmpty()) {
        part("edit-canvas").focus();
        throw new Error("Paint on the picture what is to be drawn anew, or choose the whole picture.");
      }
      const resample = isMasked ? Number(part("resample").value) : 1;
      if (!(Number.isInteger(resample) && resample >= 1 && resample <= 32)) {
        part("resample").setAttribute("aria-invalid", "true");
        part("resample").focus();
        throw new Error("The passes at the seam must be a whole number from 1 to 32.");
      }
      return {
        image: picture.blob,
        mask: isMasked ? await painter.file() : null,
        ...(isStrength() ? { strength } : { from_stage: Number(part("begin").value) }),
        resample,
      };
    },
    /** Shows the edit of a request, or that it has none. */
    async fill({ edit, size }) {
      if (!edit) return clear();
      return open(edit.image, { ...edit, stage: edit.from_stage ?? null, share: edit.strength ?? null, size });
    },
  };
}

/** The size nearest to a picture's shape that the model draws, with about as many pixels as it was trained on. */
function fitting({ size: [tall, wide], sizeMultiple }, [height, width]) {
  const scale = Math.sqrt((tall * wide) / (height * width));
  return [height, width].map((side) => Math.max(1, Math.round((side * scale) / sizeMultiple)) * sizeMultiple);
}

async function pixelsOf(blob) {
  let image;
  try {
    image = await createImageBitmap(blob);
  } catch {
    throw new Error("The file is no picture that this browser can read.");
  }
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height);
}

/** The levels of a grey picture. */
function levelsOf({ data }) {
  return Uint8Array.from({ length: data.length / 4 }, (_, place) => data[4 * place]);
}
