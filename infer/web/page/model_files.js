// The files of a model: fetched once, then kept by the browser.

/**
 * `config` as text, `weights` as bytes; for a model that draws from text `encoder`, all three of its files as bytes.
 * `base` is what their addresses begin at; `onProgress({done, of})` tells how many bytes have come.
 */
export async function modelFiles({ config, encoder, ...model }, base, onProgress) {
  const address = (file) => new URL(file, base).href;
  const parts = encoder ? [model, encoder] : [model];
  const come = parts.map(() => 0);
  const of = sum(parts.map(({ bytes }) => bytes));
  const large = parts.map(async ({ weights, bytes, hash }, place) => {
    const tell = (done) => {
      come[place] = done;
      onProgress({ done: sum(come), of });
    };
    const buffer = await kept(`${address(weights)}?${hash}`, (response) => read(response, bytes, tell));
    tell(bytes);
    return buffer;
  });
  const small = [config, ...(encoder ? [encoder.config, encoder.tokenizer] : [])].map(async (file) => {
    return new Uint8Array(await checked(await fetch(address(file))).arrayBuffer());
  });
  const [[weights, encoderWeights], [text, encoderConfig, tokenizer]] = await Promise.all([large, small].map((all) => Promise.all(all)));
  return {
    config: new TextDecoder().decode(text),
    weights,
    encoder: encoder ? { config: encoderConfig, tokenizer, weights: encoderWeights } : null,
  };
}

const sum = (numbers) => numbers.reduce((all, number) => all + number, 0);

/** What the browser has of this address, else what is fetched and then kept; a private window may keep nothing. */
async function kept(address, read) {
  const cache = await globalThis.caches?.open("pixelflow").catch(() => undefined);
  const found = await cache?.match(address);
  if (found) return new Uint8Array(await found.arrayBuffer());
  const bytes = await read(checked(await fetch(address)));
  await cache?.put(address, new Response(bytes)).catch(() => {});
  return bytes;
}

async function read(response, length, tell) {
  const bytes = new Uint8Array(length);
  let done = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { value, done: isDone } = await reader.read();
    if (isDone) break;
    if (done + value.length > length) throw new Error("The model's file is longer than it should be. Is it another version?");
    bytes.set(value, done);
    done += value.length;
    tell(done);
  }
  if (done < length) throw new Error("The model's file came only in part. Reload the page.");
  return bytes;
}

function checked(response) {
  if (!response.ok) throw new Error(`The model cannot be fetched: ${response.url} says ${response.status}.`);
  return response;
}
