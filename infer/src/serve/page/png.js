// What a PNG file says of how it was drawn.

const KEYWORD = "pixelflow";
const LARGEST = 64 << 20;

/** The recipe inside a picture; an Error with a sentence if there is none. */
export async function recipeOf(file) {
  if (file.size > LARGEST) throw new Error("The file is too large to be a picture of ours.");
  const bytes = new Uint8Array(await file.arrayBuffer());
  const view = new DataView(bytes.buffer);
  if (bytes.length < 8 || view.getUint32(0) !== 0x89504e47) throw new Error("The file is no PNG.");
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const kind = new TextDecoder("latin1").decode(bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, at + 8 + length);
    const text = kind === "iTXt" ? await internationalText(data) : kind === "tEXt" ? plainText(data) : null;
    if (text !== null) return parsed(text);
    at += 12 + length;
  }
  throw new Error("The picture has no recipe inside: it was drawn by something else, or it is a draft.");
}

/** What to ask for, to draw the images of a recipe again. */
export function requestOf({ rows, seed, height, width, sampler }) {
  const { class: number, prompt, negative, first, count } = rows[0];
  const shown = prompt === undefined ? { class: number } : { prompt, negative: negative ?? "" };
  return { ...shown, seed, number: first, count, size: [height, width], sampler };
}

function parsed(text) {
  try {
    const recipe = JSON.parse(text);
    if (recipe.rows?.length && recipe.sampler) return recipe;
  } catch { /* the same is wrong */ }
  throw new Error("The recipe inside the picture cannot be read. Was it edited?");
}

/** Of a tEXt chunk: keyword, 0, text. */
function plainText(data) {
  const end = data.indexOf(0);
  const keyword = new TextDecoder("latin1").decode(data.subarray(0, end));
  return keyword === KEYWORD ? new TextDecoder("latin1").decode(data.subarray(end + 1)) : null;
}

/** Of an iTXt chunk: keyword, 0, compressed?, method, language, 0, translated keyword, 0, text. */
async function internationalText(data) {
  const end = data.indexOf(0);
  if (new TextDecoder("latin1").decode(data.subarray(0, end)) !== KEYWORD) return null;
  const isCompressed = data[end + 1] === 1;
  const language = data.indexOf(0, end + 3);
  const text = data.subarray(data.indexOf(0, language + 1) + 1);
  if (!isCompressed) return new TextDecoder().decode(text);
  const inflated = new Blob([text]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(inflated).text();
}
