// connect.js opens the connect page of a session in a popup and reports what came of it.
//
//   <script src="https://cleat.example/connect.js"></script>
//   const result = await cleat.connect(url)   // url of POST /v1/connect-sessions
//   // { status: "connected", connection: "con_7" }, { status: "failed", reason } or { status: "closed" }
//
// Call it in the handler of a click, or browsers block the popup. The origin of your page has to
// be that of the session's return_url. A page that cuts itself off from windows that it opens
// (Cross-Origin-Opener-Policy: same-origin; yours, or the provider's) hears "closed": the account
// may be connected all the same, ask for it with GET /v1/connections?end_user=…
window.cleat = {
  connect(url, { width = 480, height = 720 } = {}) {
    const origin = new URL(url).origin;
    const left = window.screenX + (window.outerWidth - width) / 2;
    const top = window.screenY + (window.outerHeight - height) / 2;
    const popup = window.open(url, "cleat-connect", `popup,width=${width},height=${height},left=${left},top=${top}`);
    return new Promise((resolve, reject) => {
      if (!popup) {
        reject(new Error("the browser blocked the popup: call cleat.connect in the handler of a click"));
        return;
      }
      const end = (result) => {
        window.removeEventListener("message", hear);
        clearInterval(watch);
        resolve(result);
      };
      const hear = (event) => {
        if (event.source !== popup || event.origin !== origin || event.data?.source !== "cleat") return;
        const { status, connection, reason } = event.data;
        end({ status, connection, reason });
      };
      window.addEventListener("message", hear);
      // A result that was sent just before the window closed arrives by the second look.
      let looks = 0;
      const watch = setInterval(() => popup.closed && ++looks > 1 && end({ status: "closed" }), 300);
    });
  },
};
