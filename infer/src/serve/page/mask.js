// A brush on a picture: what it paints is drawn anew. A mask has a byte a pixel, 0 or 255.

const MOST_UNDONE = 24;
/** How tall a picture is shown, in rem. */
const TALLEST = 24;
const TINT = [255, 0, 128];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Paints on a canvas, by pointer or with arrow keys and space; `onChange(share)` is told how much is painted. */
export function maskPainter(canvas, onChange) {
  let pixels = null;
  let mask = new Uint8Array();
  let before = [];
  let cursor = null;
  let stroke = null;
  let isOn = false;
  const brush = { width: 1, paints: true };
  const context = canvas.getContext("2d");

  const isUnder = ([x, y], column, row) => {
    if (brush.width === 1) return column === Math.floor(x) && row === Math.floor(y);
    return (column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2 <= (brush.width / 2) ** 2;
  };
  const aroundOf = ([x, y], act) => {
    const reach = Math.ceil(brush.width / 2) + 1;
    for (let row = Math.max(0, Math.floor(y) - reach); row < Math.min(canvas.height, y + reach); row += 1) {
      for (let column = Math.max(0, Math.floor(x) - reach); column < Math.min(canvas.width, x + reach); column += 1) {
        if (isUnder([x, y], column, row)) act(row * canvas.width + column);
      }
    }
  };
  const show = () => {
    if (!pixels) return;
    const shown = new ImageData(new Uint8ClampedArray(pixels.data), canvas.width, canvas.height);
    const mix = (place, share, tint) => {
      for (let channel = 0; channel < 3; channel += 1) {
        const at = 4 * place + channel;
        shown.data[at] = share * tint[channel] + (1 - share) * shown.data[at];
      }
      shown.data[4 * place + 3] = 255;
    };
    if (isOn) {
      mask.forEach((level, place) => level && mix(place, (0.62 * level) / 255, TINT));
      if (cursor) aroundOf(cursor, (place) => mix(place, 0.55, brush.paints ? [255, 255, 255] : [0, 0, 0]));
    }
    context.putImageData(shown, 0, 0);
  };
  const changed = () => {
    show();
    onChange(mask.length ? mask.reduce((sum, level) => sum + level, 0) / 255 / mask.length : 0);
  };
  const remember = () => {
    before.push(mask.slice());
    if (before.length > MOST_UNDONE) before.shift();
  };
  const dab = (place) => aroundOf(place, (at) => { mask[at] = brush.paints ? 255 : 0; });
  const draw = (from, to) => {
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])));
    for (let step = 0; step <= steps; step += 1) {
      dab([0, 1].map((axis) => from[axis] + ((to[axis] - from[axis]) * step) / steps));
    }
  };
  const placeOf = (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [((event.clientX - left) * canvas.width) / width, ((event.clientY - top) * canvas.height) / height];
  };
  const change = (act) => {
    remember();
    act();
    changed();
  };
  const undo = () => {
    mask = before.pop() ?? mask;
    changed();
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (!isOn || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    stroke = event.pointerId;
    cursor = placeOf(event);
    change(() => dab(cursor));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!isOn || (stroke !== null && event.pointerId !== stroke)) return;
    const from = cursor;
    cursor = placeOf(event);
    if (stroke === null) return show();
    draw(from, cursor);
    changed();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => { stroke = null; });
  }
  for (const end of ["pointerleave", "blur"]) {
    canvas.addEventListener(end, () => {
      if (stroke !== null) return;
      cursor = null;
      show();
    });
  }
  canvas.addEventListener("keydown", (event) => {
    if (!isOn) return;
    cursor ??= [canvas.width / 2, canvas.height / 2];
    if (ARROWS[event.key]) {
      const step = event.shiftKey ? Math.max(brush.width, 4) : 1;
      const most = [canvas.width - 0.5, canvas.height - 0.5];
      cursor = ARROWS[event.key].map((way, axis) => Math.min(most[axis], Math.max(0.5, cursor[axis] + way * step)));
      show();
    } else if (event.key === " " || event.key === "Enter") {
      change(() => dab(cursor));
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      undo();
    } else {
      return;
    }
    event.preventDefault();
  });

  return {
    brush,
    /** Begins with a picture's pixels, and a mask if there is one. */
    begin(picture, levels = new Uint8Array(picture.width * picture.height)) {
      const { width, height } = picture;
      Object.assign(canvas, { width, height });
      canvas.style.width = `min(100%, ${(TALLEST * width) / height}rem)`;
      [pixels, mask, before, cursor, stroke] = [picture, levels, [], null, null];
      changed();
    },
    /** Whether the mask is shown, and painted on. */
    use(is) {
      isOn = is;
      canvas.classList.toggle("painted", is);
      changed();
    },
    undo,
    fill: (level) => change(() => mask.fill(level)),
    invert: () => change(() => mask.forEach((level, place) => { mask[place] = 255 - level; })),
    rectangle: ({ left, top, width, height }) => change(() => {
      for (let row = top; row < Math.min(top + height, canvas.height); row += 1) {
        const start = row * canvas.width;
        mask.fill(brush.paints ? 255 : 0, start + left, start + Math.min(left + width, canvas.width));
      }
    }),
    isEmpty: () => mask.every((level) => level === 0),
    /** A PNG of it, white where it is painted. */
    file() {
      const grey = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
      const image = new ImageData(canvas.width, canvas.height);
      mask.forEach((level, place) => image.data.set([level, level, level, 255], 4 * place));
      grey.getContext("2d").putImageData(image, 0, 0);
      return new Promise((resolve) => grey.toBlob(resolve, "image/png"));
    },
  };
}
