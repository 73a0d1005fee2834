"""Files as curl meets them: ten of 20 MB on one record, through a served application, and not a byte more."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Databases
from tests.filing import LIST, PDF, TICKET, open_filing
from tests.people import PASSWORD
from tests.portal import SIGN_IN
from tests.processes import serving

LARGEST = 20 * 1024 * 1024


async def curl(*arguments: str) -> tuple[int, dict[str, str], bytes]:
    """Run curl as an integrator does; answer status, headers and body."""
    process = await asyncio.create_subprocess_exec(
        *("curl", "-s", "-i", "--http1.1", *arguments), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    while printed.startswith(b"HTTP/1.1 100"):
        printed = printed.partition(b"\r\n\r\n")[2]
    head, _, body = printed.partition(b"\r\n\r\n")
    first, *lines = head.decode().splitlines()
    return int(first.split()[1]), {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}, body


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
async def test_ten_files_of_twenty_megabytes_and_what_is_refused(databases: Databases, tmp_path: Path) -> None:
    """COL-2.2.4: at most 10 files of 20 MB."""
    folder, given = tmp_path / "files", tmp_path / "given"
    content = PDF + os.urandom(LARGEST - len(PDF))
    given.write_bytes(content)
    async with open_filing(databases, folder) as filing:
        main, record = filing.pipeline.cast.wang_main, await filing.pipeline.draft()
        async with serving(filing.url, files_dir=str(folder)) as server:
            token = ""

            async def ask(query: str, **variables: Any) -> Any:
                body = json.dumps({"query": query, "variables": variables})
                signed = ("-H", f"authorization: Bearer {token}") if token else ()
                sent = ("-H", "content-type: application/json", *signed, "-d", body, f"{server.address}/graphql")
                return json.loads((await curl(*sent))[2])

            signed_in = await ask(SIGN_IN, i={"login": main.login, "password": PASSWORD})
            token = signed_in["data"]["sessionCreate"]["session"]["accessToken"]
            bearer = ("-H", f"authorization: Bearer {token}")

            async def ticket(name: str, size: int) -> Any:
                input = {"subjectId": record.public_id, "field": "EVIDENCE", "name": name, "size": size}
                return await ask(TICKET, i=input)

            async def send(name: str, size: int, *arguments: str) -> tuple[int, dict[str, str], bytes]:
                url = (await ticket(name, size))["data"]["fileTicketCreate"]["ticket"]["url"]
                return await curl(url, *bearer, *(arguments or ("--data-binary", f"@{given}")))

            assert (await ticket("a.pdf", LARGEST + 1))["errors"][0]["extensions"]["code"] == "FILE_SIZE"
            # Refused in the middle of a long body, whose end nobody waits for.
            status, _, body = await send("a.pdf", 1000)
            assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (413, "FILE_INCOMPLETE")
            status, _, body = await send("a.png", LARGEST)
            assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (415, "FILE_CONTENT")
            assert filing.bytes_kept() == []
            for number in range(9):
                status, headers, _ = await send(f"{number}.pdf", LARGEST)
                assert (status, headers["x-content-type-options"]) == (201, "nosniff")
            assert (await send("9.pdf", LARGEST, "-F", f"file=@{given}"))[0] == 201
            assert (await ticket("10.pdf", 1))["errors"][0]["extensions"]["code"] == "TOO_MANY_FILES"
            assert len(filing.bytes_kept()) == 10
            shown = (await ask(LIST, id=record.public_id))["data"]["opportunity"]["attachments"]["nodes"]
            assert len(shown) == 10
            for one in shown:
                link = one["url"] if one["url"].startswith("http") else server.address + one["url"]
                status, headers, body = await curl(link)
                assert (status, len(body), body == content) == (200, LARGEST, True)
                assert headers["content-disposition"].startswith("attachment; ")
                assert headers["content-type"] == "application/pdf"
            status, headers, body = await curl("-I", link)
            assert (status, headers["content-length"], body) == (200, str(LARGEST), b"")
