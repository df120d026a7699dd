// How a picture is refined: what it shows stays, and detail is new.

/** How much of a picture of full size is new. */
const LIGHT = 0.3;

/** Where to begin with a picture, the size to draw, and what to call that. */
export function refinement({ draft, height, width, request: { size } }, { stages, size: [side] }) {
  const last = stages - 1;
  if (draft) {
    const stage = last - Math.round(Math.log2(size[0] / height));
    return { stage: Math.min(stage + 1, last), size, name: "Refine: go on from here" };
  }
  // Of sizes beyond its own a model knows little.
  if (last > 0 && 2 * Math.max(height, width) <= side) {
    return { stage: last, size: [2 * height, 2 * width], name: "Refine to twice the size" };
  }
  return { strength: LIGHT, size: [height, width], name: "Refine its details" };
}
