"""Writes the parquet files beside it, as pyarrow writes those of the Hub: pip install pyarrow pillow."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def image(number, kind="PNG"):
    picture = Image.new("RGB", (8, 6))
    picture.putdata([(number * 20, x * 30 % 256, (x * 7 + number) % 256) for x in range(48)])
    bytes = io.BytesIO()
    picture.save(bytes, kind)
    return bytes.getvalue()


features = {
    "image": {"_type": "Image"},
    "label": {"names": ["zebra", "ant", "bee"], "_type": "ClassLabel"},
    "text": {"dtype": "string", "_type": "Value"},
}
images = [{"bytes": image(n, "JPEG" if n == 4 else "PNG"), "path": f"{n}.png"} for n in range(7)]
images[3] = {"bytes": None, "path": "3.png"}
images[5] = {"bytes": b"no image", "path": None}
images.append(None)
hub = pa.table(
    {
        "image": pa.array(images, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        "label": pa.array([0, 1, 2, 0, 1, 2, -1, 1], pa.int64()),
        "text": pa.array([f"picture {n}" if n != 2 else None for n in range(8)], pa.string()),
        "width": pa.array([8] * 8, pa.int32()),
    }
).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
pq.write_table(hub, "hub.parquet", row_group_size=3)
# As `datasets` writes them since its version 4.
index = {"write_page_index": True, "use_content_defined_chunking": True}
pq.write_table(hub, "hub-index.parquet", row_group_size=5, **index)

plain = pa.table(
    {
        "img": pa.array([image(n) for n in range(5)], pa.binary()),
        "label": pa.array(["cow", "ant", "cow", None, "bee"], pa.string()),
    }
)
zstd = {"compression": "zstd", "use_dictionary": False, "data_page_version": "2.0"}
pq.write_table(plain, "plain-zstd.parquet", row_group_size=2, **zstd)
# A page an image, in which nothing but the image has its bytes.
pages = {"data_page_size": 1, "write_batch_size": 1, "use_dictionary": False}
pages |= {"write_statistics": False, "compression": "none"}
pq.write_table(plain, "plain-pages.parquet", **pages)
pq.write_table(plain, "plain-gzip.parquet", compression="gzip")
delta = {"img": "DELTA_LENGTH_BYTE_ARRAY"}
pq.write_table(plain, "plain-delta.parquet", use_dictionary=False, column_encoding=delta)
