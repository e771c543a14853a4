'use strict';
const $ = id => document.getElementById(id);
const read = id => JSON.parse($(id).textContent);
const { columns, labels, rows } = read('data');
const masks = read('masks');
const photos = read('photos');
const [PATH, STATUS, CAUSE, MESSAGE, LABELS, VALUES, SIZE] = [0, 1, 2, 3, 4, 5, 6];
const grid = $('grid'), space = $('space'), detail = $('detail');
const CELL = 168, TEXT = 44;
// Photos on paper: a few pages.
const PRINTED = 240;

const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};
const option = (select, value, text) => {
  const element = make('option', '', text);
  element.value = value;
  select.append(element);
};
const number = (value, unit) => {
  if (value === null) return '–';
  const digits = Number.isInteger(value) ? 0 : Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 1 ? 2 : 4;
  const text = value.toLocaleString('en', { maximumFractionDigits: digits });
  return unit ? text + '\u202f' + unit : text;
};

columns.forEach(([, name], i) => { option($('figure'), i, name); option($('sort'), i, name); });
$('sort').prepend(Object.assign(make('option', '', 'path'), { value: 'path', selected: true }));
labels.forEach((label, i) => option($('label'), i, label));
$('label').parentElement.hidden = labels.length === 0;
for (const section of document.querySelectorAll('main > section')) {
  const link = make('a', '', section.querySelector('h2').textContent);
  link.href = '#' + section.id;
  document.querySelector('nav').append(link);
}
// What search looks through, once.
const haystack = rows.map(row => [row[PATH], row[CAUSE], row[MESSAGE], ...row[LABELS].map(i => labels[i])].join('\n').toLowerCase());

let shown = [];
function choose() {
  const words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const status = $('status').value, label = $('label').value, figure = +$('figure').value;
  const min = parseFloat($('min').value), max = parseFloat($('max').value);
  const bounded = !isNaN(min) || !isNaN(max);
  shown = [];
  rows.forEach((row, i) => {
    if (status && row[STATUS] !== status) return;
    if (label !== '' && !row[LABELS].includes(+label)) return;
    const value = row[VALUES][figure];
    if (bounded && (value === null || value === undefined || value < min || value > max)) return;
    if (words.every(word => haystack[i].includes(word))) shown.push(i);
  });
  const sort = $('sort').value, order = +$('order').value;
  if (sort === 'path') {
    if (order < 0) shown.reverse();
  } else {
    // What is not known comes last in either order.
    const of = i => rows[i][VALUES][+sort];
    const known = shown.filter(i => of(i) !== null), unknown = shown.filter(i => of(i) === null);
    shown = known.sort((a, b) => order * (of(a) - of(b)) || a - b).concat(unknown);
  }
  $('count').textContent = `${shown.length.toLocaleString('en')} of ${rows.length.toLocaleString('en')} photos`;
  current = 0;
  grid.scrollTop = 0;
  redraw();
}

function describe(row) {
  if (row[STATUS] !== 'done') return `${row[PATH]}: ${row[STATUS]}, ${row[CAUSE]}`;
  const of = key => { const i = columns.findIndex(column => column[0] === key); return i < 0 ? null : row[VALUES][i]; };
  const share = of('skin_share') ?? of('frame_share'), count = of('lesions');
  return `Mask of ${row[PATH]}: ` + (count ? `${count} lesions, ${number(share, '%')}` : 'no lesion');
}

function picture(i, into) {
  into.replaceChildren();
  const add = (type, bytes) => {
    const image = make('img');
    image.alt = '';
    image.decoding = 'async';
    image.src = `data:image/${type};base64,${bytes}`;
    into.append(image);
  };
  if (photos[i]) add('jpeg', photos[i]);
  if (masks[i]) add('png', masks[i]);
  if (into.lastChild) into.lastChild.alt = describe(rows[i]);
  else into.append(make('p', '', rows[i][STATUS] === 'done' ? 'mask not found' : `${rows[i][STATUS]}: ${rows[i][CAUSE]}`));
  return into;
}

function cell(position) {
  const i = shown[position], row = rows[i];
  const button = make('button', 'cell');
  button.type = 'button';
  button.dataset.position = position;
  button.tabIndex = position === current ? 0 : -1;
  button.setAttribute('aria-label', describe(row));
  button.title = row[PATH];
  // Right-to-left keeps the end of a long path in sight; the marks keep its characters in order.
  const name = make('div', 'name', '\u200e' + row[PATH] + '\u200e');
  const sort = $('sort').value === 'path' ? 0 : +$('sort').value;
  const told = columns.length && row[STATUS] === 'done' ? `${number(row[VALUES][sort], columns[sort][2])} · ${columns[sort][1]}` : row[STATUS];
  button.append(picture(i, make('div', 'picture')), name, make('div', 'value', told));
  return button;
}

// Only the cells in sight exist.
const alive = new Map();
let current = 0, across = 1, side = CELL, width = 0;
function redraw() {
  alive.forEach(element => element.remove());
  alive.clear();
  width = grid.clientWidth;
  across = Math.max(1, Math.floor(width / CELL));
  side = width / across;
  const height = Math.ceil(shown.length / across) * (side + TEXT);
  space.style.height = height + 'px';
  grid.style.height = Math.max(height, side) + 2 + 'px';
  draw();
}
function draw() {
  const high = side + TEXT;
  const first = Math.max(0, Math.floor(grid.scrollTop / high) - 1) * across;
  const last = Math.min(shown.length, (Math.ceil((grid.scrollTop + grid.clientHeight) / high) + 1) * across);
  for (const [position, element] of alive) {
    if ((position < first || position >= last) && element !== document.activeElement) { element.remove(); alive.delete(position); }
  }
  for (let position = first; position < last; position++) {
    if (alive.has(position)) continue;
    const element = cell(position);
    Object.assign(element.style, {
      width: side + 'px', height: high + 'px', left: (position % across) * side + 'px', top: Math.floor(position / across) * high + 'px',
    });
    alive.set(position, element);
    grid.append(element);
  }
}
function move(to) {
  current = Math.min(Math.max(to, 0), shown.length - 1);
  const high = side + TEXT, top = Math.floor(current / across) * high;
  if (top < grid.scrollTop) grid.scrollTop = top;
  if (top + high > grid.scrollTop + grid.clientHeight) grid.scrollTop = top + high - grid.clientHeight;
  draw();
  alive.forEach((element, position) => { element.tabIndex = position === current ? 0 : -1; });
  alive.get(current)?.focus({ preventScroll: true });
}

let opened = 0;
function open(position) {
  opened = Math.min(Math.max(position, 0), shown.length - 1);
  const row = rows[shown[opened]], text = $('detail-text');
  $('detail-name').textContent = row[PATH];
  picture(shown[opened], $('detail-picture'));
  text.replaceChildren();
  const table = make('table'), body = make('tbody');
  const add = (name, value) => {
    const line = make('tr'), head = make('th', '', name);
    head.scope = 'row';
    line.append(head, make('td', '', value));
    body.append(line);
  };
  add('Status', row[STATUS]);
  if (row[CAUSE]) add('Cause', row[CAUSE]);
  if (row[MESSAGE]) add('Message', row[MESSAGE]);
  if (row[SIZE]) add('Photo', `${row[SIZE][0]} × ${row[SIZE][1]} px`);
  columns.forEach(([, name, unit], i) => { if (row[VALUES][i] !== null) add(name, number(row[VALUES][i], unit)); });
  if (row[LABELS].length) add('Labels', row[LABELS].map(i => labels[i]).join(', '));
  table.append(body);
  text.append(table);
  if (!detail.open) detail.showModal();
}

grid.addEventListener('scroll', draw, { passive: true });
grid.addEventListener('click', event => {
  const element = event.target.closest('.cell');
  if (element) open(+element.dataset.position);
});
grid.addEventListener('keydown', event => {
  const page = Math.max(1, Math.floor(grid.clientHeight / (side + TEXT))) * across;
  const to = {
    ArrowLeft: current - 1, ArrowRight: current + 1, ArrowUp: current - across, ArrowDown: current + across,
    PageUp: current - page, PageDown: current + page, Home: 0, End: shown.length - 1,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  move(to);
});
grid.addEventListener('focusin', event => {
  const element = event.target.closest('.cell');
  if (element) current = +element.dataset.position;
});
detail.addEventListener('keydown', event => {
  if (event.key === 'ArrowLeft') open(opened - 1);
  if (event.key === 'ArrowRight') open(opened + 1);
});
// The browser gives the focus back to the photo that was opened first; the last one is what was looked at.
detail.addEventListener('close', () => move(opened));
$('previous').onclick = () => open(opened - 1);
$('next').onclick = () => open(opened + 1);
$('close').onclick = () => detail.close();
document.addEventListener('keydown', event => {
  if (event.key === '/' && !/INPUT|SELECT/.test(document.activeElement.tagName)) { event.preventDefault(); $('search').focus(); }
});
const form = $('controls');
const look = () => { for (const name of ['overlay', 'photo', 'mask']) document.body.classList.toggle('view-' + name, $('view')?.value === name); };
form.addEventListener('submit', event => event.preventDefault());
form.addEventListener('input', event => (event.target.id === 'view' ? look() : choose()));
form.addEventListener('reset', () => setTimeout(() => { look(); choose(); }));
// The window's size, and a scroll bar that comes or goes.
new ResizeObserver(() => { if (grid.clientWidth !== width) redraw(); }).observe(grid);
let unfolded = [];
addEventListener('beforeprint', () => {
  unfolded = [...document.querySelectorAll('details:not([open])')];
  unfolded.forEach(element => { element.open = true; });
  const paper = $('print');
  paper.replaceChildren(...shown.slice(0, PRINTED).map((_, position) => cell(position)));
  if (shown.length > PRINTED) paper.append(make('p', '', `and ${shown.length - PRINTED} more`));
});
addEventListener('afterprint', () => {
  unfolded.forEach(element => { element.open = false; });
  $('print').replaceChildren();
});
look();
choose();
