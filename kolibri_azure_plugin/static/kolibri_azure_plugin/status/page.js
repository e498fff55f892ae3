/* Refreshes the administrator's page, and copies remedies and the report. The page works without. */
(function () {
  'use strict';

  const main = document.getElementById('main');
  const seconds = Number(main.dataset.refresh);

  function copy(button, text) {
    return navigator.clipboard.writeText(text).then(() => {
      const label = button.textContent;
      button.textContent = button.dataset.copied;
      window.setTimeout(() => (button.textContent = label), 2000);
    });
  }

  /* Browsers offer the clipboard only over https and on this machine. */
  function showCopyButtons() {
    if (navigator.clipboard) {
      main.querySelectorAll('.copy, .copy-report').forEach(button => (button.hidden = false));
    }
  }

  main.addEventListener('click', event => {
    const button = event.target.closest('button');
    if (!button) {
      return;
    }
    if (button.classList.contains('copy')) {
      copy(button, button.parentElement.querySelector('code').textContent);
    } else if (button.classList.contains('copy-report')) {
      fetch(main.querySelector('[data-report]').href, { credentials: 'same-origin' })
        .then(answer => answer.text())
        .then(text => copy(button, text));
    }
  });

  /* Replaces the parts that have changed, except the one that the visitor is using. */
  function replaceParts(fresh) {
    const parts = fresh.querySelectorAll('[data-part]');
    const known = main.querySelectorAll('[data-part]');
    if (parts.length !== known.length) {
      if (!main.contains(document.activeElement)) {
        main.replaceChildren(...fresh.getElementById('main').childNodes);
      }
      return;
    }
    parts.forEach((part, place) => {
      const old = known[place];
      if (old.contains(document.activeElement)) {
        return;
      }
      old.querySelectorAll('details').forEach(each => {
        const same = part.querySelector('#' + each.id);
        if (same) {
          same.open = each.open;
        }
      });
      old.querySelectorAll('.copy').forEach(button => (button.hidden = true));
      if (old.outerHTML !== part.outerHTML) {
        old.replaceWith(part);
      }
    });
  }

  function headline() {
    return document.getElementById('headline').textContent;
  }

  /* Screen readers read what changes in this element. */
  function announceChange(before) {
    if (headline() !== before) {
      document.getElementById('announcement').textContent = headline();
    }
  }

  /* The page as it is now; nothing if its visitor has signed out. */
  function fetchPage(signal) {
    const options = { credentials: 'same-origin', cache: 'no-store', signal };
    return fetch(window.location.pathname, options).then(answer => {
      if (answer.redirected) {
        window.location.reload();
        return '';
      }
      if (!answer.ok) {
        throw new Error(answer.status);
      }
      return answer.text();
    });
  }

  /* Other pages may answer in its place, and have no headline. */
  function show(text) {
    const fresh = new DOMParser().parseFromString(text, 'text/html');
    if (!fresh.getElementById('headline')) {
      throw new Error('another page');
    }
    const before = headline();
    document.getElementById('stale').replaceWith(fresh.getElementById('stale'));
    replaceParts(fresh);
    showCopyButtons();
    announceChange(before);
  }

  /* Until the next success, says since when the page is as it is. */
  function sayThatItIsStale() {
    document.getElementById('stale').hidden = false;
  }

  function refresh() {
    if (document.hidden) {
      return;
    }
    const patience = new AbortController(); // a site that hangs never answers
    const timer = window.setTimeout(() => patience.abort(), 1000 * seconds);
    fetchPage(patience.signal)
      .then(text => text && show(text))
      .catch(sayThatItIsStale)
      .finally(() => window.clearTimeout(timer));
  }

  showCopyButtons();
  if (seconds) {
    window.setInterval(refresh, 1000 * seconds);
    document.addEventListener('visibilitychange', refresh);
  }
})();
