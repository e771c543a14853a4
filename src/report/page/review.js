// Marks, notes and scales: kept in this browser under what identifies the photo's result, saved as review.csv.
const MARKS = [['good', '✓'], ['poor', '✕'], ['redo', '↻']];
const HEADER = ['path', 'mark', 'note', 'mm_per_px', 'result'];
const STORE = 'derm-seg review ';
const NOTHING = { mark: '', note: '', mm: null };
const isEmpty = review => !review.mark && !review.note && !review.mm;
let storage = null;
try { storage = window.localStorage; storage.getItem(STORE); } catch { storage = null; }

// What --review brought, under what was changed here since.
const given = read('review');
const stored = row => { try { return JSON.parse(storage?.getItem(STORE + row.id) ?? 'null'); } catch { return null; } };
const reviews = rows.map((row, i) => ({ ...NOTHING, ...given[i], ...stored(row) }));

function keep(i, change) {
  Object.assign(reviews[i], change);
  const key = STORE + rows[i].id;
  try {
    if (isEmpty(reviews[i]) && !given[i]) storage?.removeItem(key);
    else storage?.setItem(key, JSON.stringify(reviews[i]));
  } catch { storage = null; }
  tellReview();
}

function tellReview() {
  const marked = reviews.filter(review => review.mark).length;
  $('reviewed').textContent = say(storage ? 'reviewed' : 'not_kept', { n: count(marked), all: count(rows.length) });
  $('save').disabled = $('forget').disabled = reviews.every(isEmpty);
}

/** Spreadsheets run cells that begin like a formula: such text gets an apostrophe in front, as in every table of derm-seg. */
const harmless = cell => (/^[=+\-@\t\r\n|%]/.test(cell) && isNaN(Number(cell)) ? "'" + cell : cell);
const quote = cell => (/[",\r\n]/.test(cell) ? '"' + cell.replaceAll('"', '""') + '"' : cell);

function csv() {
  const told = rows.flatMap(({ path, id }, i) => {
    const { mark, note, mm } = reviews[i];
    return isEmpty(reviews[i]) ? [] : [[path, mark, note, mm ? String(+mm.toPrecision(6)) : '', id]];
  });
  return [HEADER, ...told].map(line => line.map(harmless).map(quote).join(',') + '\r\n').join('');
}

function saveReview() {
  const link = make('a');
  // The mark in front lets spreadsheets know the letters.
  link.href = URL.createObjectURL(new Blob(['\ufeff' + csv()], { type: 'text/csv' }));
  link.download = 'review.csv';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}

/** Lines of cells; quoted cells may hold separators, quotes and line breaks. */
function parse(text) {
  const separator = [',', ';', '\t'].find(one => text.split('\n', 1)[0].includes(one)) ?? ',';
  const found = [[]];
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^${separator}\r\n]*))(${separator}|\r?\n|$)`, 'gy');
  for (let match; cell.lastIndex < text.length && (match = cell.exec(text));) {
    found.at(-1).push((match[1]?.replaceAll('""', '"') ?? match[2]).trim());
    if (match[3] !== separator) found.push([]);
  }
  return found.filter(line => line.length > 1);
}

const plain = cell => (cell.startsWith("'") && harmless(cell.slice(1)) === cell ? cell.slice(1) : cell);

/** How many lines were taken: those of photos that are here, unless they are about another mask. */
function takeReview(text) {
  const [header, ...told] = parse(text.replace(/^\ufeff/, ''));
  const at = HEADER.map(name => header?.findIndex(cell => cell.toLowerCase() === name) ?? -1);
  if (at[0] < 0 || at[1] < 0) return 0;
  const places = new Map(rows.map((row, i) => [row.path, i]));
  let taken = 0;
  for (const line of told) {
    const [path, mark, note, mm, id] = at.map(column => plain(line[column] ?? ''));
    const i = places.get(path);
    if (i === undefined || (id && id !== rows[i].id) || (mark && !MARKS.some(([name]) => name === mark))) continue;
    keep(i, { mark, note, mm: Number(mm) > 0 ? Number(mm) : null });
    taken++;
  }
  return taken;
}

$('save').onclick = saveReview;
$('load').onclick = () => $('file').click();
$('file').onchange = async event => {
  const [file] = event.target.files;
  event.target.value = '';
  if (!file) return;
  const taken = takeReview(await file.text());
  choose();
  $('reviewed').textContent = say('review_taken', { n: count(taken) });
};
$('forget').onclick = () => {
  if (!confirm(say('forget_question'))) return;
  rows.forEach((_, i) => keep(i, NOTHING));
  choose();
};
