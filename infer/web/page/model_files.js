// The files of a model: fetched once, then kept by the browser.

/** `config` as text and `weights` as bytes; `onProgress({done, of})` tells how many bytes have come. */
export async function modelFiles({ name, config, weights, bytes, hash }, onProgress) {
  const [text, buffer] = await Promise.all([
    fetch(config).then((response) => checked(response).text()),
    kept(`${weights}?${hash}`, (response) => read(response, bytes, onProgress)),
  ]);
  onProgress({ done: bytes, of: bytes, name });
  return { config: text, weights: buffer };
}

/** What the browser has of this address, else what is fetched and then kept; a private window may keep nothing. */
async function kept(address, read) {
  const cache = await globalThis.caches?.open("pixelflow").catch(() => undefined);
  const found = await cache?.match(address);
  if (found) return new Uint8Array(await found.arrayBuffer());
  const bytes = await read(checked(await fetch(address)));
  await cache?.put(address, new Response(bytes)).catch(() => {});
  return bytes;
}

async function read(response, length, onProgress) {
  const bytes = new Uint8Array(length);
  let done = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { value, done: isDone } = await reader.read();
    if (isDone) break;
    if (done + value.length > length) throw new Error("The model's file is longer than it should be. Is it another version?");
    bytes.set(value, done);
    done += value.length;
    onProgress({ done, of: length });
  }
  if (done < length) throw new Error("The model's file came only in part. Reload the page.");
  return bytes;
}

function checked(response) {
  if (!response.ok) throw new Error(`The model cannot be fetched: ${response.url} says ${response.status}.`);
  return response;
}
