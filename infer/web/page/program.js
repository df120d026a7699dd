// The program that draws: one for the graphics card, one for all cores of the processor, one for any browser.

// Written by `cargo xtask web`: the files of the programs that it has built.
import { PROGRAMS } from "./programs.js";

/**
 * Loads it and opens a model with it, whose files may still be on their way. `device` is "gpu" or "cpu", or null for the
 * graphics card where the browser gives a real one. `kind` says which program it is, `why` for what reason the graphics
 * card that was tried is not used.
 */
export async function openPainter(device, name, files) {
  let why = null;
  if (device !== "cpu" && PROGRAMS.gpu && (await hasGraphicsCard(device === "gpu"))) {
    try {
      return await load("gpu", name, files);
    } catch (error) {
      why = `the graphics card cannot be used: ${error.message ?? error}`;
    }
  } else if (device === "gpu") {
    why = "this browser gives no graphics card (WebGPU)";
  }
  // Memory can be shared where the server says that the page is isolated from others.
  const isShared = globalThis.crossOriginIsolated && PROGRAMS.threads;
  return { ...(await load(isShared ? "threads" : "cpu", name, files)), why };
}

/** Whether there is one; one that software only imitates is slower than the processor, and counts if it is asked for. */
async function hasGraphicsCard(orImitation) {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter) && (orImitation || !adapter.info?.isFallbackAdapter);
}

async function load(kind, name, files) {
  const ready = import(PROGRAMS[kind]).then(async (program) => {
    await program.default();
    if (kind === "threads") await program.initThreadPool(navigator.hardwareConcurrency);
    return program;
  });
  const [program, come] = await Promise.all([ready, files]);
  return { kind, painter: await painterOf(program, name, come), version: program.version() };
}

/** What draws with the files that `modelFiles` gives. */
export async function painterOf({ Painter }, name, { config, weights, encoder }) {
  const painter = await Painter.open(name, config, weights);
  return encoder ? painter.withTextEncoder(encoder.config, encoder.tokenizer, encoder.weights) : painter;
}
