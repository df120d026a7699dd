// Files that are dropped anywhere on the page.

/** Tells `onFile(file, target)` of a dropped file, and shows `cover` while one is held over the page. */
export function dropped(cover, onFile) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    cover.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) cover.hidden = true;
  });
  addEventListener("drop", (event) => {
    cover.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    // The cover lies over what it was dropped on.
    onFile(event.dataTransfer.files[0], document.elementFromPoint(event.clientX, event.clientY));
  });
}
