// From the page's request to the pipeline's, and to what a picture says of itself.

/** The pipeline's request, as `pixelflow::Request` has it; `edit` is what `editOf` makes of the page's. */
export function requestOf(request, about, edit = null) {
  const { seed = 0, number = 0, count = 1, size = null } = request;
  const images = Array.from({ length: count }, (_, place) => ({ subject: subjectOf(request, about), seed, number: number + place }));
  const sampler = samplerOf(request.sampler ?? {}, about);
  return { images, size, sampler, batch: Math.max(count, 1), noise: 2, ...(edit && { edit }) };
}

function subjectOf({ class: wanted, prompt, negative = "" }, { kind, classes }) {
  if (kind === "text") return { prompt: { prompt: prompt ?? "", negative } };
  const place = typeof wanted === "number" ? wanted : classes.indexOf(wanted);
  if (place < 0 || place >= classes.length) throw new Error(`There is no class ${wanted}.`);
  return { class: place };
}

function samplerOf({ steps, guidance, ...more }, { sampler, kind }) {
  const all = { ...sampler, ...more };
  if (steps !== undefined) all.steps = Array.isArray(steps) ? steps : [steps];
  const schedule = kind === "text" ? "constant" : "stage-wise";
  if (guidance !== undefined) all.guidance = typeof guidance === "number" ? { schedule, scale: guidance } : guidance;
  return all;
}

/** The recipe of one image, which `infer replay` reads. */
export function recipeOf(request, provenance, about, index, version) {
  const { seed = 0, number = 0 } = request;
  const subject = subjectOf(request, about);
  const row = subject.prompt
    ? { label: subject.prompt.prompt, prompt: subject.prompt.prompt, ...(subject.prompt.negative && { negative: subject.prompt.negative }) }
    : { label: about.classes[subject.class], class: subject.class };
  return {
    version,
    ...provenance,
    device: "cpu",
    seed,
    layout: { kind: "single" },
    rows: [{ ...row, first: number + index, count: 1 }],
  };
}
