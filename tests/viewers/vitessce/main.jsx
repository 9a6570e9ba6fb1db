// The page of scripts/viewers: Vitessce with the configuration beside it.
import React from "react";
import { createRoot } from "react-dom/client";
import { Vitessce } from "vitessce";

const config = await (await fetch("config.json")).json();
for (const dataset of config.datasets)
  for (const file of dataset.files) file.url = new URL(file.url, location.href).href;
createRoot(document.getElementById("root")).render(<Vitessce config={config} theme="light" height={760} />);
