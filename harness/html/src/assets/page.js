"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const by = (id) => document.getElementById(id);
  // A sentence with what is between backticks as code.
  const sentence = (element, text) => {
    text.split("`").forEach((part, index) => {
      if (index % 2 === 0) return element.append(part);
      const code = document.createElement("code");
      code.textContent = part;
      element.append(code);
    });
    return element;
  };
  const make = (tag, classes, text) => {
    const element = document.createElement(tag);
    if (classes) element.className = classes;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  by("copy").addEventListener("click", async () => {
    const text = by("replay").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Not every browser lets a local file write to the clipboard.
      getSelection().selectAllChildren(by("replay"));
      document.execCommand("copy");
    }
    by("copy").textContent = "copied";
  });

  // The story: numbered, with places and lines of source.
  const story = document.querySelector("#story ol");
  for (const step of data.story) {
    const item = make("li");
    step.lines.forEach((line, index) => {
      const told = sentence(make("p"), line.text);
      if (index === 0 && data.events && step.since > 0) {
        const when = make("button", "when", `step ${step.since}`);
        when.type = "button";
        when.addEventListener("click", () => { go(step.since); by("run").scrollIntoView(); });
        told.append(when);
      }
      item.append(told);
      if (line.at) {
        const at = `${line.at.file}:${line.at.line}`;
        item.append(make("div", "at", at));
        if (data.sources[at]) item.append(make("code", "source", data.sources[at]));
      }
    });
    story.append(item);
  }
  let go = () => {};
  if (!data.events) return;
  by("run").hidden = false;
  if (data.leftOut > 0) {
    by("left-out").hidden = false;
    by("left-out").textContent =
      `The run was too long to be shown whole: ${data.leftOut} events before these are left out.`;
  }

  // From events to spans: who runs, waits and holds, from which step to which.
  const { tasks, resources, places, events } = data;
  const first = events.length ? events[0][0] : 0;
  const end = Math.max(data.end, events.length ? events[events.length - 1][0] : 0);
  // What has not ended is drawn a little beyond the end, or a wait that began last would not be seen.
  const edge = end + Math.max(2, Math.ceil((end - first) * 0.06));
  const span = (list, task, from, more) => {
    const made = { task, from, to: edge, open: true, ...more };
    list.push(made);
    return made;
  };
  const close = (made, step) => { if (made) { made.to = step; made.open = false; } };
  const runs = [], waits = new Map(), holds = new Map(), wakes = [], taken = [], lives = [];
  let running = null;
  for (const [step, , task, what, ...rest] of events) {
    if (what === "runs") {
      if (running && running.open) close(running, step);
      running = span(runs, task, step, {});
    } else if (what === "suspended" || what === "paused") {
      close(running, step);
      if (what === "suspended" && running) taken.push({ task: running.task, step });
    } else if (what === "ended") {
      if (running && running.task === task) close(running, step);
      if (lives[task]) close(lives[task], step);
    } else if (what === "spawned") {
      lives[task] = { task, from: step, to: edge, open: true };
    } else if (what === "waits") {
      waits.set(rest[0], span([], task, step, { op: rest[1], resource: rest[2], at: rest[3] }));
    } else if (what === "granted" || what === "abandoned") {
      close(waits.get(rest[0]), step);
    } else if (what === "takes") {
      holds.set(rest[0], span([], task, step, { op: rest[1], resource: rest[2], at: rest[3] }));
    } else if (what === "releases") {
      close(holds.get(rest[0]), step);
    } else if (what === "woken" && running && running.open && running.task !== task) {
      wakes.push({ from: running.task, to: task, step });
    }
  }
  const allWaits = [...waits.values()], allHolds = [...holds.values()];
  const coreTasks = new Set(data.core.map((link) => link.task));
  const coreResources = new Set(data.core.map((link) => link.resource));
  const isCoreWait = (wait) => wait.open &&
    data.core.some((link) => link.task === wait.task && link.resource === wait.resource);
  // Holds of a task that overlap are drawn below each other.
  const slots = new Map();
  for (const hold of allHolds) {
    const busy = slots.get(hold.task) || [];
    let slot = busy.findIndex((until) => until <= hold.from);
    if (slot < 0) slot = busy.length;
    busy[slot] = hold.to;
    hold.slot = slot % 3;
    slots.set(hold.task, busy);
  }
  const colour = (resource) => `hsl(${(resource * 67 + 265) % 360} 60% 58%)`;

  // What is looked for.
  let wanted = "";
  const matches = (name) => wanted !== "" && name.toLowerCase().includes(wanted);
  const matchesTask = (task) => task !== null && matches(tasks[task].name);
  const matchesResource = (resource) => resource != null && matches(resources[resource].name);
  const involved = (task) => wanted === "" || matchesTask(task) ||
    [...allWaits, ...allHolds].some((some) => some.task === task && matchesResource(some.resource));

  // The timeline.
  const LANE = 34, TOP = 22;
  const lanes = by("lanes"), scroll = by("scroll"), canvas = by("canvas"), space = by("space");
  tasks.forEach((task, index) => {
    const lane = make("div", coreTasks.has(index) ? "core" : "", task.name);
    lane.title = `${task.name}, spawned at ${task.at}`;
    lanes.append(lane);
  });
  let current = end, zoom = 1;
  const height = TOP + LANE * tasks.length + 4;
  const inner = () => Math.max(scroll.clientWidth, 100);
  const perStep = () => (inner() - 24) / Math.max(edge - first, 1) * zoom;
  const x = (step) => 8 + (step - first) * perStep() - scroll.scrollLeft;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw() {
    const ratio = window.devicePixelRatio || 1, width = inner();
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    space.style.width = `${Math.max(perStep() * (edge - first) + 24, width)}px`;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const ink = style("--ink"), faint = style("--faint"), line = style("--line");
    const visible = (from, to) => x(to) >= -2 && x(from) <= width + 2;
    const y = (task) => TOP + task * LANE;
    // Every so many steps a number.
    const grid = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000]
      .find((each) => each * perStep() >= 60) || 100000;
    pen.font = "11px system-ui, sans-serif";
    for (let step = Math.ceil(first / grid) * grid; step <= end; step += grid) {
      if (!visible(step, step)) continue;
      pen.fillStyle = line;
      pen.fillRect(x(step), TOP - 4, 1, height);
      pen.fillStyle = faint;
      pen.fillText(step, x(step) + 3, 13);
    }
    const hatched = (wait, at, colour) => {
      const from = Math.max(x(wait.from), -8), to = Math.min(Math.max(x(wait.to), from + 2), width + 8);
      pen.save();
      pen.beginPath();
      pen.rect(from, at + 8, to - from, 9);
      pen.clip();
      pen.globalAlpha *= 0.25;
      pen.fillStyle = colour;
      pen.fillRect(from, at + 8, to - from, 9);
      pen.globalAlpha *= 4;
      pen.strokeStyle = colour;
      pen.lineWidth = 1.5;
      pen.beginPath();
      for (let at_x = Math.floor(from / 6) * 6 - 10; at_x < to; at_x += 6) {
        pen.moveTo(at_x, at + 18);
        pen.lineTo(at_x + 11, at + 7);
      }
      pen.stroke();
      pen.restore();
    };
    const faded = tasks.map((_, task) => (involved(task) ? 1 : 0.25));
    for (const life of lives) {
      if (!life) continue;
      pen.globalAlpha = faded[life.task];
      pen.fillStyle = line;
      pen.fillRect(x(life.from), y(life.task) + 12, Math.max(x(life.to) - x(life.from), 1), 1);
    }
    for (const wait of allWaits) {
      if (!visible(wait.from, wait.to)) continue;
      pen.globalAlpha = faded[wait.task];
      hatched(wait, y(wait.task), isCoreWait(wait) ? style("--stuck") : style("--wait"));
    }
    pen.fillStyle = style("--run");
    for (const run of runs) {
      if (run.task === null || !visible(run.from, run.to)) continue;
      pen.globalAlpha = faded[run.task];
      pen.fillRect(x(run.from), y(run.task) + 6, Math.max(x(run.to) - x(run.from), 2), 13);
    }
    for (const hold of allHolds) {
      if (!visible(hold.from, hold.to)) continue;
      pen.globalAlpha = faded[hold.task];
      pen.fillStyle = colour(hold.resource);
      pen.fillRect(x(hold.from), y(hold.task) + 21 + 4 * hold.slot, Math.max(x(hold.to) - x(hold.from), 2), 3);
    }
    // From far away arrows would hide what they lead to.
    const near = Math.min(perStep() / 3, 1);
    pen.fillStyle = ink;
    for (const { task, step } of taken) {
      if (near < 0.7 || task === null || !visible(step, step)) continue;
      pen.globalAlpha = faded[task];
      pen.beginPath();
      pen.moveTo(x(step), y(task) + 7);
      pen.lineTo(x(step) + 5, y(task) + 12.5);
      pen.lineTo(x(step), y(task) + 18);
      pen.fill();
    }
    pen.strokeStyle = pen.fillStyle = style("--wake");
    for (const { from, to, step } of wakes) {
      if (from === null || to === null || !visible(step, step)) continue;
      pen.globalAlpha = Math.min(faded[from], faded[to]) * Math.max(near, 0.12);
      const down = to > from, begin = y(from) + (down ? 19 : 6), stop = y(to) + (down ? 5 : 20);
      pen.beginPath();
      pen.moveTo(x(step) + 1, begin);
      pen.lineTo(x(step) + 1, stop);
      pen.stroke();
      pen.beginPath();
      pen.moveTo(x(step) - 2, stop - (down ? 4 : -4));
      pen.lineTo(x(step) + 4, stop - (down ? 4 : -4));
      pen.lineTo(x(step) + 1, stop);
      pen.fill();
    }
    pen.globalAlpha = 1;
    pen.fillStyle = style("--accent");
    pen.fillRect(x(current) - 1, 0, 2, height);
  }

  // The wait graph at a step: tasks to the left, resources to the right.
  const SVG = "http://www.w3.org/2000/svg";
  const svg = (tag, attributes, text) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  function drawGraph() {
    const lasts = (some) => some.from <= current && (some.open || some.to > current);
    const edges = [];
    for (const wait of allWaits.filter(lasts)) {
      const core = isCoreWait(wait);
      edges.push({ task: wait.task, resource: wait.resource, waits: true, label: wait.op, core });
      for (const other of data.others) {
        if (wait.open && other.waiter === wait.task && other.resource === wait.resource) {
          const led = core && data.core.some((link) =>
            link.task === wait.task && link.resource === wait.resource && link.by === other.by);
          edges.push({ task: other.by, resource: other.resource, waits: false, label: other.why, core: led });
        }
      }
    }
    for (const hold of allHolds.filter(lasts)) {
      const core = hold.open && data.core.some((link) => link.resource === hold.resource &&
        link.by === hold.task && allWaits.some((wait) => lasts(wait) && isCoreWait(wait) && wait.resource === hold.resource));
      edges.push({ task: hold.task, resource: hold.resource, waits: false, label: `holds (${hold.op})`, core });
    }
    const seen = new Set();
    const shown = edges.filter((edge) => {
      if (edge.task === null) return false;
      const key = [edge.task, edge.resource, edge.waits, edge.label].join(" ");
      return !seen.has(key) && seen.add(key);
    });
    const left = [...new Set(shown.map((edge) => edge.task))].sort((a, b) => a - b);
    const place = new Map(left.map((task, index) => [task, index]));
    const middle = (resource) => {
      const ends = shown.filter((edge) => edge.resource === resource).map((edge) => place.get(edge.task));
      return ends.reduce((sum, end) => sum + end, 0) / ends.length;
    };
    const right = [...new Set(shown.map((edge) => edge.resource))].sort((a, b) => middle(a) - middle(b) || a - b);
    const ROW = 64, BOX = 34, WIDE = 190, WIDTH = 720;
    const rows = Math.max(left.length, right.length, 1);
    const top = (index, count) => 8 + (rows - count) * ROW / 2 + index * ROW;
    const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${rows * ROW}`, role: "img", "aria-label": "wait graph" });
    if (shown.length === 0) {
      drawing.append(svg("text", { x: 12, y: 38, class: "empty" }, "nobody waits, and nobody holds anything"));
    }
    const marker = svg("defs", {});
    for (const [id, value] of [["plain", "--faint"], ["amber", "--wait"], ["red", "--stuck"]]) {
      const head = svg("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto", markerUnits: "userSpaceOnUse" });
      head.append(svg("path", { d: "M0 0 L8 4 L0 8 z", style: `fill: var(${value})` }));
      marker.append(head);
    }
    drawing.append(marker);
    const labels = [];
    for (const edge of shown) {
      // A task's waits leave above, what it holds arrives below.
      const shift = edge.waits ? -7 : 7;
      const taskY = top(place.get(edge.task), left.length) + BOX / 2 + shift;
      const resourceY = top(right.indexOf(edge.resource), right.length) + BOX / 2 + shift;
      const [x1, x2] = [4 + WIDE, WIDTH - 4 - WIDE];
      const path = edge.waits
        ? `M${x1} ${taskY} C${x1 + 110} ${taskY} ${x2 - 110} ${resourceY} ${x2} ${resourceY}`
        : `M${x2} ${resourceY} C${x2 - 110} ${resourceY} ${x1 + 110} ${taskY} ${x1} ${taskY}`;
      const head = edge.core ? "red" : edge.waits ? "amber" : "plain";
      drawing.append(svg("path", { d: path, class: `edge${edge.waits ? " waits" : ""}${edge.core ? " core" : ""}`, "marker-end": `url(#${head})` }));
      // A wait is labelled by its task, a hold by its resource: there the lines have not met yet.
      // Of several that leave one place, each is labelled where it arrives.
      const alone = 1 === shown.filter((other) => other.waits === edge.waits &&
        (edge.waits ? other.task === edge.task : other.resource === edge.resource)).length;
      const near = edge.waits === alone ? 0.2 : 0.8;
      const labelY = taskY + (resourceY - taskY) * near * near * (3 - 2 * near) + (edge.waits ? -4 : 13);
      labels.push(svg("text", { x: x1 + (x2 - x1) * near, y: labelY, class: "label", "text-anchor": "middle" }, edge.label));
    }
    drawing.append(...labels);
    const box = (name, title, at_x, at_y, core, round, match) => {
      const group = svg("g", { class: `${core ? "core" : ""}${match ? " match" : ""}` });
      group.append(svg("rect", { x: at_x, y: at_y, width: WIDE, height: BOX, rx: round, class: "box" }));
      const short = name.length > 25 ? `${name.slice(0, 24)}…` : name;
      group.append(svg("text", { x: at_x + WIDE / 2, y: at_y + 22, "text-anchor": "middle" }, short));
      group.append(svg("title", {}, title));
      drawing.append(group);
    };
    const red = shown.filter((edge) => edge.core);
    left.forEach((task, index) => box(tasks[task].name, `${tasks[task].name}, spawned at ${tasks[task].at}`,
      4, top(index, left.length), red.some((edge) => edge.task === task), 4, matchesTask(task)));
    right.forEach((resource, index) => box(resources[resource].name,
      `${resources[resource].type}, created at ${resources[resource].at}`,
      WIDTH - 4 - WIDE, top(index, right.length), red.some((edge) => edge.resource === resource), 17, matchesResource(resource)));
    by("graph").replaceChildren(drawing);
    by("when").textContent = current === end ? "at the end" : `after step ${current}`;
  }

  // The events around the step.
  const resourceOf = (id, map) => map.get(id) ? map.get(id).resource : null;
  const named = (resource) => (resource == null ? "" : ` ${resources[resource].name}`);
  const done = (op, resource) => `\`${op}\`${resource == null ? "" : ` of${named(resource)}`}`;
  function words([, , , what, ...rest]) {
    switch (what) {
      case "spawned": return ["is spawned", null, null];
      case "runs": return ["runs", null, null];
      case "suspended": return ["is taken off, though it could go on", null, null];
      case "paused": return ["waits to be woken", null, null];
      case "does": return [`comes to ${done(rest[0], rest[1])}`, rest[2], rest[1]];
      case "waits": return [`begins to wait in ${done(rest[1], rest[2])}`, rest[3], rest[2]];
      case "granted": return [`gets${named(resourceOf(rest[0], waits))}`, null, resourceOf(rest[0], waits)];
      case "abandoned": return [`gives up waiting for${named(resourceOf(rest[0], waits))}`, null, resourceOf(rest[0], waits)];
      case "takes": return [`holds${named(rest[2])} from now on`, rest[3], rest[2]];
      case "releases": return [`lets go of${named(resourceOf(rest[0], holds))}`, null, resourceOf(rest[0], holds)];
      case "woken": return ["is woken", null, null];
      case "timer": return [`a timer${named(resourceOf(rest[0], waits))} fires ${rest[1]} ms early`, null, resourceOf(rest[0], waits)];
      case "ended": return ["ends", null, null];
      default: return [what, null, null];
    }
  }
  function drawEvents() {
    const list = by("events");
    let now = events.findIndex((event) => event[0] > current);
    if (now < 0) now = events.length;
    const shown = events.slice(Math.max(0, now - 60), now + 20);
    list.replaceChildren(...shown.map((event) => {
      const [text, at, resource] = words(event);
      const item = make("li");
      item.append(make("span", "number", event[0]));
      if (event[2] !== null) item.append(make("b", "", tasks[event[2]].name), " ");
      sentence(item, text);
      if (at !== null) {
        item.title = places[at];
        if (data.sources[places[at]]) item.append(make("code", "source", data.sources[places[at]]));
      }
      if (event[0] === current) item.classList.add("now");
      if (matchesTask(event[2]) || matchesResource(resource)) item.classList.add("match");
      if (event[0] > current) item.style.opacity = 0.5;
      return item;
    }));
    const marked = list.querySelectorAll(".now");
    const last = marked.length ? marked[marked.length - 1] : list.children[Math.min(59, list.children.length - 1)];
    if (last) list.scrollTop = last.offsetTop - list.offsetTop - list.clientHeight / 2;
  }

  const slider = by("slider");
  slider.min = first;
  slider.max = end;
  go = (step) => {
    current = Math.min(Math.max(step, first), end);
    slider.value = current;
    const ms = events.reduce((latest, event) => (event[0] <= current ? event[1] : latest), 0);
    by("step").textContent = `step ${current} of ${end}${ms > 0 ? `, ${ms} ms` : ""}`;
    if (x(current) < 0 || x(current) > inner()) scroll.scrollLeft += x(current) - inner() / 2;
    draw();
    drawGraph();
    drawEvents();
  };
  const resize = (factor) => {
    const before = x(current);
    zoom = Math.min(Math.max(zoom * factor, 1), 400);
    space.style.width = `${Math.max(perStep() * (edge - first) + 24, inner())}px`;
    scroll.scrollLeft += x(current) - before;
    draw();
  };
  let playing = null;
  const stop = () => { clearInterval(playing); playing = null; by("play").textContent = "play"; };
  const play = () => {
    if (playing) return stop();
    if (current === end) go(first);
    by("play").textContent = "stop";
    playing = setInterval(() => { if (current >= end) stop(); else go(current + 1); }, 120);
  };
  by("first").addEventListener("click", () => go(first));
  by("back").addEventListener("click", () => go(current - 1));
  by("next").addEventListener("click", () => go(current + 1));
  by("last").addEventListener("click", () => go(end));
  by("play").addEventListener("click", play);
  by("in").addEventListener("click", () => resize(1.6));
  by("out").addEventListener("click", () => resize(1 / 1.6));
  slider.addEventListener("input", () => go(Number(slider.value)));
  by("search").addEventListener("input", (event) => {
    wanted = event.target.value.trim().toLowerCase();
    [...lanes.children].forEach((lane, task) => {
      lane.classList.toggle("match", matchesTask(task));
      lane.classList.toggle("dim", !involved(task));
    });
    go(current);
  });
  canvas.addEventListener("click", (event) => {
    go(Math.round((event.offsetX - 8 + scroll.scrollLeft) / perStep() + first));
  });
  scroll.addEventListener("scroll", draw);
  window.addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.addEventListener("keydown", (event) => {
    if (event.target.id === "search") {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? 10 : 1;
    const keys = {
      ArrowLeft: () => go(current - far), ArrowRight: () => go(current + far),
      Home: () => go(first), End: () => go(end), " ": play, "/": () => by("search").focus(),
      "+": () => resize(1.6), "=": () => resize(1.6), "-": () => resize(1 / 1.6),
    };
    if (keys[event.key] && !(event.key === " " && event.target.tagName === "BUTTON")) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  go(end);
})();
