// From the files of a model to what draws with it.

import { Painter } from "./pixelflow_web.js";

/** What draws with the files that `modelFiles` gives. */
export function painterOf(name, { config, weights, encoder }) {
  const painter = new Painter(name, config, weights);
  return encoder ? painter.withTextEncoder(encoder.config, encoder.tokenizer, encoder.weights) : painter;
}
