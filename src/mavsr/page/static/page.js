// The page of `mavsr serve`. State: which model, which recording, how it is listened to, which rates.

import { flops, flopsUnit, plain } from "./flops.js";

const $ = (id) => document.getElementById(id);
const POLL_MS = 300;

const state = {
  model: null, // from /about
  token: "",
  name: "",
  seconds: 0,
  wave: [],
  segments: [],
  at: 0, // number of the segment that is shown
  poll: 0, // of several loops only the one with this number goes on
};

async function ask(path, options = {}) {
  // The header tells the server that no other site sent this.
  let response;
  try {
    response = await fetch(path, { ...options, headers: { "X-Mavsr": "1", ...options.headers } });
  } catch {
    throw new Error("The server does not answer; is it still running?");
  }
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(content.error || `The server answers ${response.status}.`);
  return content;
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function fail(message) {
  $("error").textContent = message;
  $("error").hidden = !message;
  if (message) {
    $("status").textContent = "";
    $("progress").hidden = true;
  }
}

// --- rates ---

function rates(modality) {
  const all = state.model.scales.map((scale) => scale[modality]).filter((rate) => rate !== null);
  return [...new Set(all)].sort((a, b) => a - b);
}

// The places of a slider: the rates, and null where a model of several tasks also goes without.
function places(modality) {
  const without = state.model.scales.some((scale) => scale[modality] === null);
  return without ? [...rates(modality), null] : rates(modality);
}

function chosen() {
  const audio = places("audio")[Number($("audio").value)] ?? null;
  const video = places("video")[Number($("video-rate").value)] ?? null;
  const found = state.model.scales.find((scale) => scale.audio === audio && scale.video === video);
  if (found) return found;
  // Neither is read: the other slider has to come back.
  $("audio").value = $("video-rate").value = 0;
  return chosen();
}

function choose(scale) {
  $("audio").value = Math.max(0, places("audio").indexOf(scale.audio));
  $("video-rate").value = Math.max(0, places("video").indexOf(scale.video));
  show();
}

function setSliders() {
  for (const [modality, id] of [["audio", "audio"], ["video", "video-rate"]]) {
    $(id).max = Math.max(0, places(modality).length - 1);
    $(id).value = 0;
    for (const part of document.querySelectorAll(`.slider[data-modality=${modality}]`))
      part.hidden = !rates(modality).length;
  }
  $("hear").parentElement.parentElement.hidden = !rates("audio").length || !rates("video").length;
}

// One number is not enough where there are scales that only hear and scales that only see.
const label = (scale) =>
  places("audio").includes(null) && places("video").includes(null)
    ? `${scale.audio ?? "–"}, ${scale.video ?? "–"}`
    : [scale.audio, scale.video].filter((rate) => rate !== null).join(", ");

// The unit of a table's costs, of which the largest decides; its heading names it.
function costUnit(id, costs) {
  const [unit, factor] = flopsUnit(Math.max(...costs));
  document.querySelector(`#${id} .flops`).textContent = unit;
  return factor;
}

// --- how it is listened to ---

function listening() {
  const query = new URLSearchParams();
  if (Number($("snr").value) < 25) query.set("snr", $("snr").value);
  if (!$("hear").checked) query.set("hear", "0");
  if (!$("see").checked) query.set("see", "0");
  return query;
}

function relisten() {
  const snr = Number($("snr").value);
  $("snr-out").textContent = snr < 25 ? `${snr} dB SNR` : "none";
  if (!state.token) return;
  state.segments = [];
  follow();
}

// --- following a recording ---

async function follow() {
  const number = ++state.poll;
  fail("");
  while (number === state.poll) {
    const query = listening();
    query.set("after", state.segments.length);
    let found;
    try {
      found = await ask(`/recordings/${state.token}?${query}`);
    } catch (error) {
      if (number === state.poll) fail(error.message);
      return;
    }
    if (number !== state.poll) return;
    if (found.wave.length) state.wave = found.wave;
    state.seconds = found.seconds;
    state.segments.push(...found.segments);
    if (state.at >= state.segments.length) state.at = 0;
    progress(found);
    show();
    if (found.error) return fail(found.error);
    if (found.over) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function progress(found) {
  const done = state.segments.length;
  $("progress").hidden = found.over;
  if (found.count) $("progress").value = done / found.count;
  else $("progress").removeAttribute("value");
  const others = found.others ? ` (${found.others} more at work; the model takes turns)` : "";
  if (found.over) $("status").textContent = `${state.name}: ${done} utterance${done === 1 ? "" : "s"}`;
  else if (found.count) $("status").textContent = `${done} of ${found.count} utterances${others}`;
  else $("status").textContent = `Looking for speech${others} …`;
}

// Nobody sees a recording any more whose page is closed or shows another one.
function forget(token) {
  if (token)
    fetch(`/recordings/${token}`, { method: "DELETE", headers: { "X-Mavsr": "1" }, keepalive: true }).catch(() => {});
}

async function open(start, name) {
  fail("");
  forget(state.token);
  const number = ++state.poll;
  Object.assign(state, { token: "", name, segments: [], wave: [], at: 0, seconds: 0 });
  for (const id of ["player", "controls", "result"]) $(id).hidden = true;
  $("progress").hidden = false;
  $("progress").removeAttribute("value");
  $("status").textContent = "Sending …";
  $("snr").value = 25;
  $("hear").checked = $("see").checked = true;
  $("snr-out").textContent = "none";
  try {
    const { token } = await start();
    if (number !== state.poll) return forget(token);
    state.token = token;
  } catch (error) {
    if (number === state.poll) fail(error.message);
    return;
  }
  $("video").src = `/recordings/${state.token}/video`;
  $("unplayable").hidden = true;
  follow();
}

function send(file) {
  const limit = state.model.most_bytes;
  if (file.size > limit)
    return fail(`${file.name} is larger than ${Math.floor(limit / 2 ** 20)} MB, which this page takes at most; mavsr transcribe takes files of any size.`);
  const path = `/recordings?name=${encodeURIComponent(file.name)}`;
  open(() => ask(path, { method: "POST", body: file }), file.name);
}

// --- showing ---

function words(text, other) {
  // Longest common subsequence; what is not in it is marked.
  const a = text.split(" ").filter(Boolean), b = other.split(" ").filter(Boolean);
  const length = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
  const parts = [];
  for (let i = 0, j = 0; i < a.length; ) {
    if (j < b.length && a[i] === b[j]) { parts.push(a[i] + " "); i++; j++; }
    else if (j < b.length && length[i][j + 1] >= length[i + 1][j]) j++;
    else { parts.push(element("mark", {}, a[i]), " "); i++; }
  }
  return parts;
}

function show() {
  const scale = chosen();
  $("audio-out").textContent = scale.audio === null ? "none" : `${scale.audio} (${50 / scale.audio} tokens/s)`;
  $("video-out").textContent = scale.video === null ? "none" : `${scale.video} (${25 / scale.video} tokens/s)`;
  $("cost").textContent = `At these rates 10 s of speech cost the LLM ${flops(scale.tflops)}, ` +
    `${Math.round((100 * scale.tflops) / state.model.scales[0].tflops)} % of the finest.`;
  const there = state.segments.length > 0;
  $("player").hidden = !state.token;
  $("controls").hidden = !state.token;
  $("result").hidden = !there;
  draw();
  subtitles(scale);
  if (!there) return $("crops").replaceChildren();
  const segment = state.segments[state.at];
  const finest = segment.scales[state.model.scales[0].name].text;
  const each = costUnit("scales", state.model.scales.map((one) => segment.scales[one.name].tflops));
  $("scales").tBodies[0].replaceChildren(...state.model.scales.map((one) => {
    const reading = segment.scales[one.name];
    const row = element("tr", { className: one === scale ? "on" : "" },
      element("td", {}, label(one)),
      element("td", { className: "n" }, String(reading.tokens)),
      element("td", { className: "n" }, plain(reading.tflops * each)),
      element("td", { className: "n" }, reading.seconds.toFixed(2)),
      element("td", { className: "n" }, `${Math.round(100 * reading.confidence)} %`),
      element("td", {}, ...(reading.scale ? words(reading.text, finest) : ["–"])));
    row.addEventListener("click", () => choose(one));
    return row;
  }));
  const missing = [];
  // The remarks say why, unless a switch took it away.
  for (const [what, there, modality] of [["not heard", segment.heard, "audio"], ["not seen", segment.seen, "video"]])
    if (!there && rates(modality).length && !segment.remarks.some((r) => r.startsWith(what))) missing.push(what);
  const decoded = segment.scales[scale.name].scale;
  if (decoded && decoded !== scale.name)
    missing.push(`${decoded.startsWith("a") ? "audio" : "video"} alone is read, as ${decoded}`);
  if (segment.people > 1) missing.push(`${segment.people} faces; the one whose lips move with the audio is read`);
  $("remarks").textContent = [...missing, ...segment.remarks].join("; ");
  $("chosen").textContent = label(scale);
  $("segments").replaceChildren(...state.segments.map((one, number) => {
    const button = element("button", { type: "button" },
      element("time", {}, clock(one.start)), element("span", {}, one.scales[scale.name].text || "–"));
    button.addEventListener("click", () => seek(number));
    return element("li", { className: number === state.at ? "on" : "" }, button);
  }));
  const total = (one, key) => state.segments.reduce((sum, s) => sum + s.scales[one.name][key], 0);
  const all = costUnit("totals", state.model.scales.map((one) => total(one, "tflops")));
  $("totals").tBodies[0].replaceChildren(...state.model.scales.map((one) => {
    const sum = (key) => total(one, key);
    return element("tr", { className: one === scale ? "on" : "" },
      element("td", {}, label(one)),
      element("td", { className: "n" }, String(sum("tokens"))),
      element("td", { className: "n" }, plain(sum("tflops") * all)),
      element("td", { className: "n" }, sum("seconds").toFixed(2)));
  }));
  $("crops").replaceChildren(...segment.crops.map((src) => element("img", { src, alt: "mouth" })));
}

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

function seek(number) {
  state.at = number;
  $("video").currentTime = state.segments[number].start;
  show();
}

let track = null;
function subtitles(scale) {
  track ??= $("video").addTextTrack("subtitles", "transcript", "en");
  track.mode = "showing";
  for (const cue of [...(track.cues ?? [])]) track.removeCue(cue);
  for (const segment of state.segments) {
    const text = segment.scales[scale.name].text;
    if (text) track.addCue(new VTTCue(segment.start, Math.max(segment.end, segment.start + 0.1), text));
  }
}

function draw() {
  const canvas = $("wave");
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, canvas.clientWidth * ratio);
  canvas.height = 64 * ratio;
  const pen = canvas.getContext("2d"), { width, height } = canvas;
  const style = getComputedStyle(document.documentElement);
  const x = (seconds) => (seconds / (state.seconds || 1)) * width;
  state.segments.forEach((segment, number) => {
    pen.globalAlpha = number === state.at ? 0.35 : 0.14;
    pen.fillStyle = style.getPropertyValue("--accent");
    pen.fillRect(x(segment.start), 0, Math.max(2, x(segment.end) - x(segment.start)), height);
  });
  pen.globalAlpha = 1;
  pen.fillStyle = style.getPropertyValue("--soft");
  const loudest = Math.max(0.01, ...state.wave);
  state.wave.forEach((level, number) => {
    const tall = Math.max(1, (level / loudest) * (height - 4));
    pen.fillRect((number / state.wave.length) * width, (height - tall) / 2, Math.max(1, width / state.wave.length - 0.5), tall);
  });
  pen.fillStyle = style.getPropertyValue("--error");
  pen.fillRect(x($("video").currentTime), 0, 2 * ratio, height);
}

// --- recording ---

let recorder = null;
async function record() {
  if (recorder) return recorder.stop();
  fail("");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480, frameRate: 25 } });
  } catch (error) {
    return fail(`The browser gives no camera and microphone (${error.name}).`);
  }
  const chunks = [];
  recorder = new MediaRecorder(stream);
  recorder.addEventListener("dataavailable", (event) => chunks.push(event.data));
  recorder.addEventListener("stop", () => {
    for (const part of stream.getTracks()) part.stop();
    recorder = null;
    $("record").textContent = "record yourself";
    $("record").classList.remove("on");
    $("video").srcObject = null;
    $("video").muted = false;
    send(new File(chunks, "recording.webm"));
  });
  recorder.start();
  $("record").textContent = "stop and transcribe";
  $("record").classList.add("on");
  $("player").hidden = false;
  $("video").srcObject = stream;
  $("video").muted = true; // or the loudspeaker would feed the microphone
  $("video").play();
}

// --- beginning ---

async function begin() {
  try {
    state.model = await ask("/about");
  } catch (error) {
    return fail(error.message);
  }
  const { name, task, llm, scales, samples } = state.model;
  $("model").textContent = `${name} · task ${task} · LLM ${llm} · ${scales.length} scale${scales.length === 1 ? "" : "s"}`;
  $("toy").hidden = $("samples").hidden = !samples.length;
  for (const sample of samples) {
    const button = element("button", { type: "button" }, sample.title);
    button.addEventListener("click", () =>
      open(() => ask(`/samples/${sample.name}`, { method: "POST" }), sample.title));
    $("samples").append(button);
  }
  setSliders();
  for (const id of ["audio", "video-rate"]) $(id).addEventListener("input", show);
  for (const id of ["snr", "hear", "see"]) $(id).addEventListener("change", relisten);
  $("file").addEventListener("change", (event) => {
    if (event.target.files[0]) send(event.target.files[0]);
    event.target.value = "";
  });
  $("record").addEventListener("click", record);
  const drop = $("drop");
  for (const kind of ["dragenter", "dragover"])
    document.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const kind of ["dragleave", "drop"])
    document.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  });
  $("video").addEventListener("error", () => { $("unplayable").hidden = !$("video").getAttribute("src"); });
  $("video").addEventListener("timeupdate", () => {
    const now = $("video").currentTime;
    const found = state.segments.findIndex((segment) => segment.start <= now && now < segment.end);
    if (found >= 0 && found !== state.at) { state.at = found; show(); } else draw();
  });
  $("wave").addEventListener("click", (event) => {
    $("video").currentTime = (event.offsetX / $("wave").clientWidth) * state.seconds;
  });
  window.addEventListener("resize", draw);
  window.addEventListener("pagehide", () => forget(state.token));
}

begin();
