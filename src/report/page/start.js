// The sections as tabs, and the beginning.
const sections = [...document.querySelectorAll('main > section')];
for (const section of sections) {
  const link = make('a', '', section.querySelector('h2').textContent);
  link.href = '#' + section.id;
  document.querySelector('nav').append(link);
}
function turn() {
  const wanted = sections.find(section => '#' + section.id === location.hash) ?? sections[0];
  for (const section of sections) section.classList.toggle('away', section !== wanted);
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === '#' + wanted.id) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  scrollTo(0, 0);
  if (wanted.id === 'photos') redraw();
}
addEventListener('hashchange', turn);
addEventListener('keydown', event => {
  if (event.key !== '/' || viewer.open || event.target.matches('input, select')) return;
  event.preventDefault();
  location.hash = '#photos';
  $('search').focus();
});
document.body.classList.add('tabs');
start();
tellReview();
choose();
turn();
