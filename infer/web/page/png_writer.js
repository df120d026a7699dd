// PNG files that carry their recipe. A canvas would write the pixels too, but no text of ours.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

function crc32(bytes) {
  let rest = ~0;
  for (const byte of bytes) rest = TABLE[(rest ^ byte) & 255] ^ (rest >>> 8);
  return ~rest >>> 0;
}

const number = (value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const letters = (text) => new TextEncoder().encode(text);

function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    bytes.set(part, place);
    place += part.length;
  }
  return bytes;
}

function chunk(name, parts) {
  const named = joined([letters(name), ...parts]);
  return joined([number(named.length - name.length), named, number(crc32(named))]);
}

/** The bytes of a PNG of these pixels, row by row, three bytes each; `recipe` is written beside them. */
export async function encodePng({ height, width, rgb }, recipe) {
  const rows = new Uint8Array(height * (1 + 3 * width));
  for (let row = 0; row < height; row += 1) {
    rows.set(rgb.subarray(3 * width * row, 3 * width * (row + 1)), row * (1 + 3 * width) + 1);
  }
  // What PNG calls deflate is zlib, as here.
  const packed = new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate")));
  const pixels = new Uint8Array(await packed.arrayBuffer());
  const head = chunk("IHDR", [number(width), number(height), [8, 2, 0, 0, 0]]);
  const text = recipe ? [chunk("iTXt", [letters("pixelflow\0\0\0\0\0"), letters(JSON.stringify(recipe))])] : [];
  return joined([SIGNATURE, head, ...text, chunk("IDAT", [pixels]), chunk("IEND", [])]);
}
