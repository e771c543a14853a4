// The gallery: which photos are shown, in which order and groups, and only those in sight as elements.
const grid = $('grid'), space = $('space');
const TEXT = 42, HEADING = 38;
// Photos on paper: a few pages.
const PRINTED = 240;
const compare = new Intl.Collator(language, { numeric: true }).compare;

const option = (select, value, text) => {
  const element = make('option', '', text);
  element.value = value;
  select.append(element);
};
const optionGroup = (select, title, options) => {
  if (!options.length) return;
  const group = make('optgroup');
  group.label = title;
  select.append(group);
  options.forEach(([value, text]) => option(group, value, text));
};

// Labels are [kind, text, whether a photo has one of its kind at most].
const kinds = [...new Set(labels.map(([kind]) => kind))];
const labelsOf = kind => labels.flatMap(([own, text], i) => (own === kind ? [[i, text]] : []));
const folders = new Set(rows.map(row => folderOf(row.path))).size;
const hasFolders = folders > 1;
const hasSubjects = rows.some(row => row.subject);
const hasScores = columnAt('dice') >= 0;

option($('show'), '', say('all_photos'));
optionGroup($('show'), say('marks'), [...MARKS.map(([mark]) => ['mark:' + mark, say('mark.' + mark)]), ['mark:', say('unmarked')]]);
optionGroup($('show'), say('state'), ['done', 'excluded', 'failed'].filter(status => rows.some(row => row.status === status))
  .map(status => ['status:' + status, say('status.' + status)]));
kinds.forEach(kind => optionGroup($('show'), kind, labelsOf(kind).map(([i, text]) => ['label:' + i, text])));
option($('group'), '', say('nothing'));
if (hasFolders) option($('group'), 'folder', say('folder'));
if (hasSubjects) option($('group'), 'subject', say('patient'));
option($('group'), 'mark', say('mark'));
kinds.filter(kind => labels.every(([own, , single]) => own !== kind || single)).forEach(kind => option($('group'), 'kind:' + kind, kind));
option($('sort'), 'path', say('name'));
columns.forEach(([, name], i) => { option($('sort'), i, name); option($('figure'), i, name); });

let order = 1;
function setOrder(to) {
  order = to;
  const byName = $('sort').value === 'path';
  $('order').textContent = order > 0 ? '↑' : '↓';
  $('order').title = say(byName ? (order > 0 ? 'a_to_z' : 'z_to_a') : order > 0 ? 'lowest_first' : 'highest_first');
  $('order').setAttribute('aria-label', $('order').title);
}
/** Where there are scores, the worst photos come first; else photos lie in the folders that they came in. */
function start() {
  $('sort').value = hasScores ? columnAt('dice') : 'path';
  $('group').value = hasScores ? '' : hasSubjects ? 'subject' : hasFolders && rows.length >= 2 * folders ? 'folder' : '';
  setOrder(1);
}

// What search looks through, once.
const haystack = rows.map(row => [row.path, row.subject, row.cause, row.message, ...row.labels.map(i => labels[i].join(': '))].join('\n').toLowerCase());
let shown = [], groups = [];
function choose() {
  const wanted = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const [kind, ...rest] = $('show').value.split(':'), value = rest.join(':');
  const is = { mark: i => reviews[i].mark === value, status: i => rows[i].status === value, label: i => rows[i].labels.includes(+value) }[kind];
  const figure = +$('figure').value, min = parseFloat($('min').value), max = parseFloat($('max').value);
  const bounded = !isNaN(min) || !isNaN(max);
  const inRange = i => { const v = rows[i].values[figure]; return v !== null && v !== undefined && !(v < min) && !(v > max); };
  shown = rows.map((_, i) => i).filter(i =>
    (!is || is(i)) && (!bounded || inRange(i)) && wanted.every(word => haystack[i].includes(word)));
  $('range').classList.toggle('used', bounded);
  sortShown();
  $('count').textContent = say('n_of_all', { n: count(shown.length), all: count(rows.length) });
  current = 0;
  grid.scrollTop = 0;
  redraw();
}

function groupOf(i) {
  const by = $('group').value;
  if (by === 'folder') return folderOf(rows[i].path) || say('no_folder');
  if (by === 'subject') return rows[i].subject || say('no_patient');
  if (by === 'mark') return say(reviews[i].mark ? 'mark.' + reviews[i].mark : 'unmarked');
  const label = rows[i].labels.find(label => 'kind:' + labels[label][0] === by);
  return label === undefined ? say('not_known') : labels[label][1];
}

function sortShown() {
  const sort = $('sort').value, of = i => rows[i].values[+sort] ?? null;
  // What is not known comes last in either order.
  const byFigure = (a, b) => (of(a) === null) - (of(b) === null) || order * (of(a) - of(b)) || a - b;
  shown.sort(sort === 'path' ? (a, b) => order * compare(rows[a].path, rows[b].path) : byFigure);
  groups = [];
  const by = $('group').value;
  if (!by) return;
  const members = new Map();
  for (const i of shown) {
    const name = groupOf(i);
    if (!members.has(name)) members.set(name, []);
    members.get(name).push(i);
  }
  // Groups of a column come in the order of its labels; folders, patients and marks by name.
  const rank = new Map(labels.flatMap(([kind, text], i) => ('kind:' + kind === by ? [[text, i]] : [])));
  const last = labels.length;
  groups = [...members].sort(([a], [b]) => (rank.get(a) ?? last) - (rank.get(b) ?? last) || compare(a, b));
  shown = groups.flatMap(([, photos]) => photos);
}

function badge(i) {
  const { mark, note } = reviews[i];
  const element = make('span', 'badge ' + mark, (MARKS.find(([name]) => name === mark)?.[1] ?? '') + (note ? ' ✎' : ''));
  element.title = [mark && say('mark.' + mark), note].filter(Boolean).join(': ');
  element.hidden = !mark && !note;
  return element;
}

function cell(position) {
  const i = shown[position], row = rows[i];
  const button = make('button', 'cell');
  button.type = 'button';
  button.dataset.position = position;
  button.tabIndex = position === current ? 0 : -1;
  button.title = row.path;
  button.setAttribute('aria-label', describe(row));
  const sort = $('sort').value === 'path' ? 0 : +$('sort').value;
  const told = row.status !== 'done' || !columns.length ? say('status.' + row.status)
    : row.values[sort] === null ? '–' : `${number(row.values[sort], columns[sort][2])} ${columns[sort][1]}`;
  const tile = picture(i, make('div', 'picture'));
  tile.append(badge(i));
  const name = make('div', 'name', fileName(row.path));
  if (!groups.length) name.append(make('span', '', ' ' + folderOf(row.path)));
  button.append(tile, name, make('div', 'value', told));
  return button;
}

/** The gallery as lines: a heading, or a line of photos from `first` to before `last`. */
let places = [];
const alive = new Map();
let current = 0, across = 1, side = 200, width = 0;
function redraw() {
  alive.forEach(element => element.remove());
  alive.clear();
  width = grid.clientWidth;
  across = Math.max(1, Math.floor(width / +$('side').value));
  side = width / across;
  places = [];
  let top = 0, from = 0;
  const add = (high, place) => { places.push({ top, high, ...place }); top += high; };
  for (const [title, photos] of groups.length ? groups : [['', shown]]) {
    if (title) add(HEADING, { title, photos, first: from, last: from });
    for (let first = from; first < from + photos.length; first += across) {
      add(side + TEXT, { first, last: Math.min(first + across, from + photos.length) });
    }
    from += photos.length;
  }
  space.style.height = top + 'px';
  drawInSight();
}

function heading({ title, photos }) {
  const marked = photos.filter(i => reviews[i].mark).length;
  const element = make('h4', 'heading', title);
  element.append(make('span', '', (photos.length === 1 ? say('one_photo') : say('n_photos', { n: count(photos.length) })) + (marked ? ' · ' + say('n_marked', { n: count(marked) }) : '')));
  return element;
}

/** The first line that ends below `height`. */
function lineAt(height) {
  let low = 0, high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle].top + places[middle].high > height) high = middle;
    else low = middle + 1;
  }
  return low;
}

function drawInSight() {
  const margin = side + TEXT, wanted = new Set();
  const below = grid.scrollTop + grid.clientHeight + margin;
  for (let line = lineAt(grid.scrollTop - margin); line < places.length && places[line].top < below; line++) {
    const place = places[line];
    const at = (key, element, left, width) => {
      Object.assign(element.style, { left: left + 'px', top: place.top + 'px', width, height: place.high + 'px' });
      alive.set(key, element);
      grid.append(element);
    };
    if (place.title) {
      wanted.add(place);
      if (!alive.has(place)) at(place, heading(place), 0, '100%');
    }
    for (let position = place.first; position < place.last; position++) {
      wanted.add(position);
      if (!alive.has(position)) at(position, cell(position), (position - place.first) * side, side + 'px');
    }
  }
  for (const [key, element] of alive) {
    if (!wanted.has(key) && element !== document.activeElement) { element.remove(); alive.delete(key); }
  }
}

/** Draws a photo's cell and the headings again, after its mark has changed. */
function refresh(i) {
  for (const [key, element] of [...alive]) {
    if (typeof key === 'object' && key.photos.includes(i)) { element.replaceChildren(...heading(key).childNodes); }
    else if (shown[key] === i) element.querySelector('.badge').replaceWith(badge(i));
  }
}

const lineOf = position => places.findIndex(place => position >= place.first && position < place.last);
/** The photo in the same column, some lines of photos away. */
function vertically(position, step) {
  let line = lineOf(position);
  const column = position - places[line].first;
  for (let left = Math.abs(step); left > 0; left--) {
    let next = line + Math.sign(step);
    while (places[next]?.title) next += Math.sign(step);
    if (!places[next]) break;
    line = next;
  }
  return Math.min(places[line].first + column, places[line].last - 1);
}

function move(to) {
  if (!shown.length) return;
  current = Math.min(Math.max(to, 0), shown.length - 1);
  const line = places[lineOf(current)], above = places[lineOf(current) - 1]?.title ? HEADING : 0;
  if (line.top - above < grid.scrollTop) grid.scrollTop = line.top - above;
  if (line.top + line.high > grid.scrollTop + grid.clientHeight) grid.scrollTop = line.top + line.high - grid.clientHeight;
  drawInSight();
  alive.forEach((element, key) => { if (typeof key === 'number') element.tabIndex = key === current ? 0 : -1; });
  alive.get(current)?.focus({ preventScroll: true });
}

grid.addEventListener('scroll', drawInSight, { passive: true });
grid.addEventListener('click', event => {
  const element = event.target.closest('.cell');
  if (element) open(+element.dataset.position);
});
grid.addEventListener('keydown', event => {
  if (!shown.length || event.ctrlKey || event.metaKey || event.altKey) return;
  const page = Math.max(1, Math.floor(grid.clientHeight / (side + TEXT)));
  const to = {
    ArrowLeft: () => current - 1, ArrowRight: () => current + 1, ArrowUp: () => vertically(current, -1), ArrowDown: () => vertically(current, 1),
    PageUp: () => vertically(current, -page), PageDown: () => vertically(current, page), Home: () => 0, End: () => shown.length - 1,
  }[event.key];
  const mark = markOfKey(event.key);
  if (to) move(to());
  else if (mark !== undefined) { keep(shown[current], { mark }); refresh(shown[current]); }
  else return;
  event.preventDefault();
});
grid.addEventListener('focusin', event => {
  const element = event.target.closest('.cell');
  if (element) current = +element.dataset.position;
});

const form = $('controls');
form.addEventListener('submit', event => event.preventDefault());
form.addEventListener('input', event => {
  if (event.target.id === 'side') return redraw();
  if (event.target.id === 'sort') setOrder(1);
  choose();
});
form.addEventListener('reset', () => setTimeout(() => { start(); choose(); }));
$('order').onclick = () => { setOrder(-order); choose(); };
// The window's size, and a scroll bar that comes or goes.
new ResizeObserver(() => (grid.clientWidth !== width ? redraw() : drawInSight())).observe(grid);
let unfolded = [];
addEventListener('beforeprint', () => {
  unfolded = [...document.querySelectorAll('#provenance details:not([open])')];
  unfolded.forEach(element => { element.open = true; });
  const paper = $('print');
  paper.replaceChildren(...shown.slice(0, PRINTED).map((_, position) => cell(position)));
  if (shown.length > PRINTED) paper.append(make('p', '', say('and_more', { n: count(shown.length - PRINTED) })));
});
addEventListener('afterprint', () => {
  unfolded.forEach(element => { element.open = false; });
  $('print').replaceChildren();
});
