// The pictures of the newest drawing, as they grow.

/** Shows pictures in an element; `onOpen` is told which finished one somebody wants to see. */
export function canvas(root, onOpen) {
  let figures = [];
  let urls = [];

  const put = (figure, place, blob) => {
    if (urls[place]) URL.revokeObjectURL(urls[place]);
    urls[place] = URL.createObjectURL(blob);
    const image = figure.querySelector("img") ?? document.createElement("img");
    image.src = urls[place];
    figure.classList.remove("waiting");
    return image;
  };

  return {
    begin(count, [height, width]) {
      urls.forEach((url) => url && URL.revokeObjectURL(url));
      urls = [];
      figures = Array.from({ length: count }, () => {
        const figure = document.createElement("figure");
        figure.className = "waiting";
        figure.style.aspectRatio = `${width} / ${height}`;
        return figure;
      });
      root.dataset.count = count;
      root.replaceChildren(...figures);
    },
    preview({ index, blob, stage }) {
      const figure = figures[index];
      if (!figure || figure.querySelector("button")) return;
      const image = put(figure, index, blob);
      image.alt = `Picture ${index + 1}, stage ${stage + 1}`;
      figure.replaceChildren(image);
    },
    finish({ index, blob }, label, picture) {
      const figure = figures[index];
      if (!figure) return;
      const image = put(figure, index, blob);
      image.alt = label;
      const button = document.createElement("button");
      button.type = "button";
      button.append(image);
      button.addEventListener("click", () => onOpen(picture, button));
      figure.replaceChildren(button);
    },
    stop() {
      figures.forEach((figure) => figure.classList.remove("waiting"));
    },
  };
}
