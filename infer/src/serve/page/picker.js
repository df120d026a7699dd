// A field with a list that is searched as one types (the combobox pattern of ARIA).

/** Makes a picker of an input and its list; `chosen()` is the place of a name, or null. */
export function picker(input, list, names) {
  let shown = [];
  let active = -1;

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (place) => {
    active = place;
    [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
    const option = list.children[active];
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };
  const open = (text) => {
    const words = fold(text).split(/\s+/).filter(Boolean);
    const fits = (name) => words.every((word) => fold(name).includes(word));
    const starts = (name) => !fold(name).startsWith(words[0] ?? "");
    shown = names.map((name, number) => ({ name, number })).filter(({ name, number }) => fits(name) || String(number) === text.trim());
    shown.sort((a, b) => starts(a.name) - starts(b.name) || a.number - b.number);
    shown = shown.slice(0, 200);
    list.replaceChildren(...shown.map(({ name, number }) => {
      const option = document.createElement("li");
      Object.assign(option, { id: `class-${number}`, textContent: name });
      option.setAttribute("role", "option");
      return option;
    }));
    if (!shown.length) list.append(nothing());
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(shown.length && words.length ? 0 : -1);
  };
  const take = (place) => {
    if (!shown[place]) return;
    input.value = shown[place].name;
    input.removeAttribute("aria-invalid");
    close();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };

  input.addEventListener("input", () => open(input.value));
  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => list.hidden && open(""));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      if (list.hidden) open("");
      if (shown.length) mark((active + step + shown.length) % shown.length);
    } else if (event.key === "Enter" && !list.hidden && active >= 0) {
      take(active);
    } else if (event.key === "Escape" && !list.hidden) {
      close();
    } else {
      return;
    }
    event.preventDefault();
  });
  // Before the field loses the focus.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    take([...list.children].indexOf(event.target.closest("[role=option]")));
  });

  return {
    chosen() {
      const text = input.value.trim();
      const exact = names.indexOf(text);
      const place = exact >= 0 ? exact : names.findIndex((name) => fold(name) === fold(text));
      if (place >= 0) return place;
      return /^\d+$/.test(text) && Number(text) < names.length ? Number(text) : null;
    },
    choose: (number) => { input.value = names[number] ?? ""; },
  };
}

function nothing() {
  const line = document.createElement("li");
  line.className = "none";
  // A list of options has nothing else in it.
  line.setAttribute("role", "option");
  line.setAttribute("aria-disabled", "true");
  line.textContent = "No class has this name.";
  return line;
}

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
