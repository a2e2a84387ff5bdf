"""Files too large for one request, in parts: memory is one part, whatever the size."""

from __future__ import annotations

from typing import IO, Any

_PART = 32 << 20  # bytes; 10,000 parts are allowed, so 320 GB


def upload_parts(
    client: Any, file: IO[bytes], options: dict[str, Any], condition: dict[str, str]
) -> str:
    """Write a file; the condition is checked when the parts are put together.

    Args:
        options: Bucket, key, metadata and lock of the object.
        condition: `IfNoneMatch` or `IfMatch`.

    Returns:
        The ETag.

    Raises:
        ClientError, BotoCoreError: It was not written; the parts are taken away.
    """
    place = {"Bucket": options["Bucket"], "Key": options["Key"]}
    upload = client.create_multipart_upload(ChecksumAlgorithm="SHA256", **options)
    named = {**place, "UploadId": upload["UploadId"]}
    parts: list[dict[str, Any]] = []
    try:
        while data := file.read(_PART):
            number = len(parts) + 1
            answer = client.upload_part(
                Body=data, PartNumber=number, ChecksumAlgorithm="SHA256", **named
            )
            part = {"PartNumber": number, "ETag": answer["ETag"]}
            if "ChecksumSHA256" in answer:
                part["ChecksumSHA256"] = answer["ChecksumSHA256"]
            parts.append(part)
        done = client.complete_multipart_upload(
            MultipartUpload={"Parts": parts}, **named, **condition
        )
    except BaseException:
        client.abort_multipart_upload(**named)
        raise
    return str(done["ETag"])
