// How far a drawing has come: its stages, and a line of text.

const seconds = (value) => (value < 9.95 ? value.toFixed(1) : Math.round(value).toString());
const many = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

/** Shows events of a drawing in these elements; `announce` is what screen readers say, and it says little. */
export function progress({ stages, status, announce }) {
  let rows = [];
  let stage = null;

  const say = (text, aloud = text) => {
    status.textContent = text;
    if (announce.textContent !== aloud) announce.textContent = aloud;
  };
  const row = (place) => {
    const item = document.createElement("li");
    item.innerHTML = '<div class="bar"><i></i></div><span><b></b><em></em></span>';
    item.querySelector("b").textContent = `Stage ${place + 1}`;
    return item;
  };

  const fillBar = (item, share) => item.querySelector("i").style.setProperty("--share", share);

  const on = {
    queued: ({ position, images_ahead: ahead }) => {
      const place = position === 1 && ahead === 0 ? "next" : `number ${position}, ${many(ahead, "picture")} ahead`;
      say(`In the queue: ${place}.`);
    },
    started: ({ together, images }) => {
      const others = together - images;
      say(others ? `Drawing, together with ${many(others, "picture")} of others.` : "Drawing.");
    },
    stage: (event) => {
      if (rows.length !== event.stages || event.stage === 0) {
        rows = Array.from({ length: event.stages }, (_, place) => row(place));
        stages.replaceChildren(...rows);
        stages.hidden = false;
      }
      stage = { ...event, began: performance.now() };
      rows.forEach((item, place) => {
        item.toggleAttribute("aria-current", place === event.stage);
        if (place < event.stage) fillBar(item, 1);
      });
      rows[event.stage].querySelector("b").textContent = `${event.width} × ${event.height}`;
      announce.textContent = `Stage ${event.stage + 1} of ${event.stages}.`;
    },
    step: (event) => {
      const item = rows[event.stage];
      if (!item) return;
      const share = stage?.steps ? event.step / stage.steps : event.time;
      fillBar(item, Math.min(share, 1));
      const took = stage ? (performance.now() - stage.began) / 1000 : 0;
      item.querySelector("em").textContent = `${seconds(took)} s`;
      const steps = stage?.steps ? `${event.step} of ${stage.steps}` : event.step;
      status.textContent = `Step ${steps}, ${many(event.evaluations, "evaluation")}, ${seconds(event.seconds)} s; `
        + `about ${seconds(event.eta_seconds)} s left.`;
    },
    done: (event) => {
      rows.forEach((item, place) => {
        item.removeAttribute("aria-current");
        if (!event.draft) fillBar(item, 1);
        const took = event.stage_seconds[place];
        // An edit begins in a later stage, and takes no time in those before it.
        if (took) item.querySelector("em").textContent = `${seconds(took)} s`;
      });
      say(event.draft ? `Stopped after ${seconds(event.seconds)} s; the draft is kept.` : `Done in ${seconds(event.seconds)} s.`);
    },
    cancelled: () => say("Cancelled."),
    failed: () => say("It could not be drawn."),
  };
  return {
    show: (event) => on[event.type]?.(event),
    begin: () => {
      rows = [];
      stage = null;
      stages.hidden = true;
      stages.replaceChildren();
      say("Asking …");
    },
    clear: () => { status.textContent = "\u00a0"; },
  };
}
