// The choice between the models of an engine that has several.

/** Fills a choice with the models, the one that is there first; `onChoose` is told the name of another. */
export function modelChoice(field, { name, models = [] }, onChoose) {
  if (models.length < 2) return;
  field.replaceChildren(...models.map((model) => new Option(model.title, model.name, false, model.name === name)));
  field.addEventListener("change", () => onChoose(field.value));
  field.parentElement.hidden = false;
}

/** Goes to the page of another model, by its address, so that it can be shared and kept. */
export function goTo(name) {
  const address = new URL(location.href);
  address.searchParams.set("model", name);
  location.assign(address);
}
