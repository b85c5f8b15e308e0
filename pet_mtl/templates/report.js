"use strict";
(() => {
  // Printed paper cannot be unfolded.
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));

  const dialog = document.getElementById("viewer");
  if (!dialog) return;
  const part = (name) => dialog.querySelector(`[data-part="${name}"]`);
  const say = (text) => { part("said").textContent = text; };
  const text = (id) => document.getElementById(id)?.textContent.trim();
  let library = null;
  let viewer = null;
  const MASKED = 0.55;

  // The viewer's code is kept compressed in the page, and is unpacked when it is first asked for.
  async function load() {
    const packed = Uint8Array.from(atob(text("viewer-code")), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    return window.niivue;
  }

  function possible() {
    if (typeof DecompressionStream === "undefined") return false;
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  }

  async function start() {
    library ??= await load();
    const made = new library.Niivue({
      backColor: [1, 1, 1, 1], fontColor: [0.1, 0.1, 0.1, 1], crosshairColor: [0.55, 0.55, 0.55, 0.5],
      crosshairWidth: 0.6, crosshairWidthUnit: "mm", isRadiologicalConvention: true, showLegend: false,
      multiplanarShowRender: library.SHOW_RENDER.NEVER, dragAndDropEnabled: false, logLevel: "error",
      loadingText: "",
    });
    await made.attachToCanvas(part("canvas"));
    return made;
  }

  const read = (id, options) => library.NVImage.loadFromBase64({
    base64: text(id), name: `${id}.nii.gz`, cal_min: 0, ...options,
  });

  // Labels 1, 2 and 3: in the true mask only, in the predicted one only, in both.
  const COLOURS = { R: [0, 0, 213, 0], G: [0, 114, 94, 158], B: [0, 178, 0, 115], A: [0, 255, 255, 255],
    labels: ["", "true only", "predicted only", "both"] };

  async function show(button) {
    const id = button.dataset.volume;
    part("title").textContent = button.dataset.title;
    part("about").textContent = button.dataset.said;
    dialog.showModal();
    if (!possible()) {
      part("controls").hidden = true;
      say("This browser cannot show volumes: it needs WebGL 2. The pictures of the page show the same outlines.");
      return;
    }
    say("Loading the volume ...");
    viewer ??= await start();
    [...viewer.volumes].forEach((volume) => viewer.removeVolume(volume));
    const top = Number(button.dataset.window);
    const suv = await read(`${id}-suv`, { colormap: "gray", cal_max: top });
    suv.colormapInvert = true;
    viewer.addVolume(suv);
    const outlined = Boolean(document.getElementById(`${id}-masks`));
    if (outlined) {
      const masks = await read(`${id}-masks`, { opacity: MASKED, cal_max: 3 });
      masks.setColormapLabel(COLOURS);
      viewer.addVolume(masks);
    }
    part("masks").checked = true;
    part("masked").hidden = !outlined;
    const known = button.dataset.known.split(" ");
    dialog.querySelectorAll("[data-key]").forEach((one) => {
      one.hidden = !outlined || !one.dataset.key.split(" ").every((name) => known.includes(name));
    });
    part("window").max = String(2 * top);
    part("window").value = String(top);
    part("top").value = String(top);
    viewer.updateGLVolume();
    centre(button.dataset.centre);
    say("");
    dialog.dataset.shown = id;
  }

  // The cross hair starts in the lesion; NiiVue's world is (R-L, P-A, I-S), the report's (L, P, S).
  function centre(place) {
    const [x, y, z] = place.split(" ").map(Number);
    viewer.scene.crosshairPos = viewer.mm2frac([-x, -y, z]);
    viewer.drawScene();
  }

  document.querySelectorAll("button[data-volume]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => show(button).catch((error) => {
      say(`The volume cannot be shown: ${error.message}`);
    }));
  });
  part("masks").addEventListener("change", (event) => {
    if (viewer?.volumes.length > 1) viewer.setOpacity(1, event.target.checked ? MASKED : 0);
  });
  part("window").addEventListener("input", (event) => {
    viewer.volumes[0].cal_max = Number(event.target.value);
    part("top").value = event.target.value;
    viewer.updateGLVolume();
  });
  part("close").addEventListener("click", () => dialog.close());
})();
