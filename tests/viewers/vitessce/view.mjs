// view.mjs URL OUT.png CHROMIUM FACTS.json: opens the page in a headless browser, waits until its canvas is drawn, and takes a screenshot.
// FACTS.json gets where the canvas is, and the text of the page, for check_vitessce.py.
// Fails if the page logs an error, a request fails that should not, or the canvas stays of one colour.
import { writeFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

const [url, out, executablePath, facts] = process.argv.slice(2);
const SECONDS = 90;
const faults = [];
const gl = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"];
const browser = await puppeteer.launch({ executablePath, headless: true, args: ["--no-sandbox", ...gl], protocolTimeout: 600000 });
const page = await browser.newPage();
await page.setViewport({ width: 1200, height: 760 });

let requests = 0;
// Files of older formats, which Vitessce asks for first, are not there.
const mayBeMissing = (path) => /\/(\.zgroup|\.zarray|\.zattrs|\.zmetadata|favicon\.ico|zarr\.json|c\/[\d/]+)$/.test(path);
page.on("console", (m) => m.type() === "error" && !/404/.test(m.text()) && faults.push(`console: ${m.text().slice(0, 300)}`));
page.on("pageerror", (e) => faults.push(`page: ${String(e).slice(0, 300)}`));
page.on("response", (r) => {
  requests++;
  const path = new URL(r.url()).pathname;
  if (r.status() >= 400 && !mayBeMissing(path)) faults.push(`${r.status()} ${path}`);
});
// It fetches parquet-wasm from its own site, even for stores without points or shapes: a stand-in answers.
await page.setRequestInterception(true);
const standIn = "export default async function init(){}; export function readParquet(){}; export function readSchema(){}";
page.on("request", (r) =>
  r.url().includes("parquet_wasm.js")
    ? r.respond({ status: 200, contentType: "text/javascript", headers: { "access-control-allow-origin": "*" }, body: standIn })
    : r.continue());
await page.goto(url);

// How many colours the picture of the canvas has, in steps of 16.
async function coloursOfCanvas() {
  const canvas = await page.$("canvas");
  if (!canvas) return 0;
  const png = await canvas.screenshot({ encoding: "base64" });
  return page.evaluate(async (text) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${text}`)).blob());
    const surface = new OffscreenCanvas(image.width, image.height);
    surface.getContext("2d").drawImage(image, 0, 0);
    const { data } = surface.getContext("2d").getImageData(0, 0, image.width, image.height);
    const colours = new Set();
    for (let i = 0; i < data.length; i += 4) colours.add((data[i] >> 4) * 256 + (data[i + 1] >> 4) * 16 + (data[i + 2] >> 4));
    return colours.size;
  }, png);
}

let colours = 0;
const end = Date.now() + SECONDS * 1000;
while (colours < 12 && Date.now() < end) {
  await new Promise((done) => setTimeout(done, 1000));
  colours = await coloursOfCanvas();
}
await new Promise((done) => setTimeout(done, 3000));
await page.screenshot({ path: out });
writeFileSync(facts, JSON.stringify(await page.evaluate(() => {
  const box = document.querySelector("canvas").getBoundingClientRect();
  return {
    canvas: [box.left, box.top, box.right, box.bottom].map(Math.round),
    text: document.body.innerText,
  };
})));
await browser.close();
if (colours < 12) faults.push(`the canvas has ${colours} colours after ${SECONDS} s`);
for (const fault of faults) console.log(`vitessce: ${fault}`);
console.log(`vitessce: ${requests} requests, ${colours} colours on the canvas`);
process.exit(faults.length ? 1 : 0);
