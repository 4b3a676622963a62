// @ts-check
// The part of the one script that takes files: dropped or chosen, read, and posted in parts. It uses what fumibako.js says.

// ---- Files ----

// Folders in folders that are looked into.
const DEEP = 8;

/**
 * What was dropped or chosen: the files that can be read, and by their names those that cannot, and the folders that lie too deep.
 * @typedef {{ files: File[], unread: string[], deep: string[] }} Found
 */

/** @param {DataTransferItemList} items @returns {Promise<Found>} */
async function foundIn(items) {
  /** @type {Found} */
  const found = { files: [], unread: [], deep: [] };
  const walks = [...items].map((item) => {
    const entry = item.webkitGetAsEntry?.(), file = item.getAsFile();
    // A file that was dropped itself is at hand; each one that is asked for by its entry takes a way to the disk and back.
    if (file && !entry?.isDirectory) found.files.push(file);
    else if (entry) return walk(/** @type {any} */ (entry), 0, found);
    return undefined;
  });
  await Promise.all(walks);
  return found;
}

/** @param {any} entry @param {number} depth @param {Found} found @returns {Promise<void>} */
async function walk(entry, depth, found) {
  if (entry.isDirectory && depth > DEEP) { found.deep.push(entry.fullPath.slice(1)); return; }
  try {
    if (entry.isFile) { found.files.push(await new Promise((done, failed) => entry.file(done, failed))); return; }
    const reader = entry.createReader();
    for (;;) {
      /** @type {any[]} */
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (some.length === 0) return;
      for (const inner of some) await walk(inner, depth + 1, found);
    }
  } catch { found.unread.push(entry.isFile ? entry.name : entry.fullPath.slice(1)); }
}

/**
 * Those of which one octet can be read; the names of the others. A file that another program has locked makes the whole request fail,
 * as if nobody were there: only then it is asked for, since of hundreds of files the asking takes as long as the posting.
 * @param {File[]} files @returns {Promise<[File[], string[]]>}
 */
async function readable(files) {
  const read = await Promise.all(files.map((file) => file.slice(0, 1).arrayBuffer().then(() => true, () => false)));
  return [files.filter((_, at) => read[at]), files.filter((_, at) => !read[at]).map((file) => file.name)];
}

// Files that are posted at once, and their bytes together: the server takes 100 MiB in one request.
const PART_FILES = 16, PART_BYTES = 64 * 1024 * 1024;

/** Files in parts that the server takes; one that is larger than a part is in none. @param {File[]} files */
function inParts(files) {
  /** @type {File[][]} */
  const parts = [];
  let bytes = 0;
  for (const file of files.filter((file) => file.size <= PART_BYTES)) {
    const last = parts.at(-1);
    if (last && last.length < PART_FILES && bytes + file.size <= PART_BYTES) { last.push(file); bytes += file.size; }
    else { parts.push([file]); bytes = file.size; }
  }
  return parts;
}

/** @param {Element} drop @param {Found} found */
async function upload(drop, found) {
  const form = /** @type {HTMLFormElement} */ (drop.closest("form"));
  const address = drop.getAttribute("data-upload") ?? "";
  const bar = drop.querySelector("progress");
  const files = found.files, parts = inParts(files), taken = parts.reduce((sum, part) => sum + part.length, 0);
  /** @type {Record<string, string[]>} */
  const names = { unread: found.unread, deep: found.deep };
  if (parts.length === 0 && names.unread.length + names.deep.length > 0) parts.push([]);
  if (bar) { bar.hidden = false; bar.max = files.length; bar.value = 0; }
  let next = 0, failed = false;
  /** @type {number | null} */
  let status = null;
  const one = async () => {
    while (next < parts.length && !failed) {
      const part = parts[next++], first = part === parts[0];
      const body = new FormData();
      for (const field of form.querySelectorAll("input[type=hidden], textarea")) {
        body.append(/** @type {any} */ (field).name, /** @type {any} */ (field).value);
      }
      if (first) body.append("first", "yes");
      for (const [why, those] of Object.entries(names)) for (const name of those.splice(0)) body.append(why, name);
      for (const file of part) body.append("file", file, file.name);
      try {
        const answer = await ask(address, { method: "POST", body, headers: { "X-Fumibako": "part" } });
        if (!answer.ok) { failed = true; status = answer.status; }
      } catch {
        // The others go without what is locked.
        const [still, lost] = await readable(part);
        if (lost.length === 0) { failed = true; continue; }
        names.unread.push(...lost, ...body.getAll("unread").map(String));
        names.deep.push(...body.getAll("deep").map(String));
        if (first) { parts[0] = still; next = 0; } else parts.push(still);
        continue;
      }
      if (bar) bar.value += part.length;
      if (first && parts.length > 1) await Promise.all([one(), one(), one(), one()]);
    }
  };
  quiet += 1;
  await one();
  quiet -= 1;
  if (bar) bar.hidden = true;
  for (const field of drop.querySelectorAll("input[type=file]")) /** @type {HTMLInputElement} */ (field).value = "";
  byId("answered")?.setAttribute("hidden", "");
  if (failed) tell(status);
  else if (taken < files.length) tell(413);
  await follow(location.href);
}

let over = 0;
const zone = () => document.querySelector("dialog[open] fumi-drop") ?? document.querySelector("fumi-drop");
addEventListener("dragenter", () => { over += 1; zone()?.classList.add("over"); });
addEventListener("dragleave", () => { over -= 1; if (over <= 0) zone()?.classList.remove("over"); });
addEventListener("dragover", (event) => event.preventDefault());
// One drop anywhere: wherever a file falls on the page, it goes where files go.
addEventListener("drop", async (event) => {
  event.preventDefault();
  over = 0;
  const drop = zone();
  drop?.classList.remove("over");
  if (!drop || !event.dataTransfer) return;
  const found = await foundIn(event.dataTransfer.items);
  if (Object.values(found).some((those) => those.length > 0)) upload(drop, found);
});
