// Tells the page that opened this window what came of it, and only the origin that the team
// allows; then the window closes, or goes back to where the person came from.
const { status, connection, reason, origin, return: back } = document.body.dataset;
const opener = window.opener || (window.parent !== window ? window.parent : null);
if (opener && origin) {
  opener.postMessage({ source: "cleat", status, connection: connection || undefined, reason: reason || undefined }, origin);
  if (window.opener) window.close();
} else if (back) {
  location.replace(back);
}
