// A Worker that starts others: each request loads the program that it names into an isolate that has run nothing yet.
let count = 0;

export default {
  async fetch(request, { LOADER, DATE, PROGRAMS }) {
    const program = PROGRAMS[await request.text()];
    const isolate = LOADER.get(`${count++}`, () => ({
      compatibilityDate: DATE,
      mainModule: "main.js",
      modules: { "main.js": program },
    }));
    return isolate.getEntrypoint().fetch("http://isolate/");
  },
};
