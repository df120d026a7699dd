"""Logs the runs beside this file to Weights & Biases: python log_to_wandb.py [PROJECT]

It needs the package `wandb` (pip install wandb). With WANDB_MODE=offline nothing leaves the machine: the runs are then
under ./wandb, and `wandb sync wandb/offline-run-*` uploads them when you like. Steps and wall times are those of training;
W&B's "relative time", and when a run is said to have begun, are of this script, since W&B takes no others. Written by
`train export-metrics`.
"""

import json
import math
import pathlib
import sys

import wandb

for folder in sorted(path.parent for path in pathlib.Path(__file__).resolve().parent.glob("*/run.json")):
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run = wandb.init(
        project=sys.argv[1] if len(sys.argv) > 1 else "pixelflow",
        id=about["id"],
        name=about["name"],
        config={**about["config"], "pixelflow": {**about["facts"], "status": about["status"]}},
        settings=wandb.Settings(console="off", x_disable_stats=True),
    )
    for line in (folder / "history.jsonl").read_text(encoding="utf-8").splitlines():
        moment = json.loads(line)
        values = {name: math.nan if value is None else value for name, value in moment["values"].items()}
        values["_timestamp"] = moment["time"]
        if moment["preview"]:
            values["preview"] = wandb.Image(str(folder / moment["preview"]))
        run.log(values, step=moment["step"])
    run.save(str(folder / "files" / "report.html"), base_path=str(folder / "files"), policy="now")
    run.finish(exit_code=0 if about["status"] in ("finished", "running") else 1)
