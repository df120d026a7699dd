// From the pictures of the page's edit to the pipeline's, as `pixelflow::pipeline::Edit` has it.

/** Decodes the pictures of an edit, neither of more than `most` pixels; `note` is told what the user should know. */
export async function editOf({ image, mask, strength, from_stage: stage, resample = 1 }, most, note) {
  const picture = await pixelsOf(image, most);
  if (picture.data.some((level, at) => at % 4 === 3 && level < 255)) {
    note("The picture's transparency is left out; a browser shows what was clear in colours of its own.");
  }
  const size = [picture.height, picture.width];
  const rgb = new Uint8Array(3 * picture.height * picture.width);
  for (let at = 0; at < rgb.length; at += 1) rgb[at] = picture.data[4 * Math.floor(at / 3) + (at % 3)];
  const begin = stage === undefined ? { strength } : { stage };
  return { picture: { size, rgb: base64(rgb) }, begin, mask: mask ? await maskOf(mask, most) : null, resample };
}

async function maskOf(mask, most) {
  const { width, height, data } = await pixelsOf(mask, most);
  // Of the page's own masks, which are grey, any channel is the level.
  return { size: [height, width], grey: base64(Uint8Array.from({ length: width * height }, (_, at) => data[4 * at])) };
}

async function pixelsOf(file, most) {
  const image = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = image;
  if (width * height > most) {
    throw new Error(`The picture has ${width} × ${height} pixels, more than a browser draws here: ${most} at most.`);
  }
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height);
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
