"""vitessce_config.py URL_OF_STORE FEATURE TABLE: prints a view config: TIC, labels coloured by a peak or bin, the list of them."""
import json
import sys

from vitessce import CoordinationLevel, VitessceConfig, get_initial_coordination_scope_prefix

url, feature, name = sys.argv[1:4]
table = f"tables/{name}"
kind, value = ("peak", "area") if name.endswith("_peaks") else ("bin", "intensity")
config = VitessceConfig(schema_version="1.0.17", name="mzgrid")
data = config.add_dataset(name="msi").add_file(
    file_type="spatialdata.zarr",
    url=url,
    options={
        "image": {"path": "images/msi_dataset_z0_tic", "coordinateSystem": "global"},
        "labels": {"path": "labels/msi_dataset_z0_pixels", "tablePath": table, "coordinateSystem": "global"},
        "obsFeatureMatrix": {"path": f"{table}/X"},
    },
    coordination_values={"obsType": "pixel", "featureType": kind, "featureValueType": value, "fileUid": "msi"},
)
space = config.add_view("spatialBeta", dataset=data)
layers = config.add_view("layerControllerBeta", dataset=data)
features = config.add_view("featureList", dataset=data)
features.set_props(sort="original")  # by m/z; else by the letters of their names: 100.9, 1000, 101
config.link_views([space, layers, features], ["obsType", "featureType", "featureValueType"], ["pixel", kind, value])
(selected,) = config.add_coordination("featureSelection")
selected.set_value([feature])
(colour,) = config.add_coordination("obsColorEncoding")
colour.set_value("geneSelection")
features.use_coordination(selected, colour)
channel = [{"spatialTargetC": 0, "spatialChannelColor": [255, 255, 255]}]
image = [{"fileUid": "msi", "spatialLayerOpacity": 1.0, "photometricInterpretation": "BlackIsZero",
          "imageChannel": CoordinationLevel(channel)}]  # fmt: skip
config.link_views_by_dict([space, layers], {"imageLayer": CoordinationLevel(image)}, meta=True,
                          scope_prefix=get_initial_coordination_scope_prefix("A", "image"))  # fmt: skip
segments = [{"spatialTargetC": 0, "obsType": "pixel", "featureType": kind, "featureValueType": value,
             "spatialChannelColor": [255, 0, 0], "spatialChannelOpacity": 1.0, "spatialSegmentationFilled": True,
             "obsColorEncoding": colour, "featureSelection": selected, "featureValueColormap": "viridis",
             "featureValueColormapRange": [0.0, 1.0]}]  # fmt: skip
labels = [{"fileUid": "msi", "spatialLayerOpacity": 0.8, "segmentationChannel": CoordinationLevel(segments)}]
config.link_views_by_dict([space, layers], {"segmentationLayer": CoordinationLevel(labels)}, meta=True,
                          scope_prefix=get_initial_coordination_scope_prefix("A", "obsSegmentations"))  # fmt: skip
config.layout(space | (layers / features))
print(json.dumps(config.to_dict(), indent=1))
