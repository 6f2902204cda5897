"""What an operations person writes: csv, jinja2, aiohttp, one semaphore, a results CSV. URL CSV CONCURRENCY OUT"""
import asyncio
import csv
import sys

import aiohttp
import jinja2

url, path, slots, results = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
jinja = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined)
name = jinja.from_string("Spring launch, {{ first_name }}")
description = jinja.from_string("Your slot in {{ city }} is reserved, see you there.")


async def main():
    gate = asyncio.Semaphore(slots)
    with open(results, "w", newline="", encoding="utf-8") as file, open(path, newline="", encoding="utf-8") as rows:
        out = csv.writer(file)
        out.writerow(["phone", "status", "id"])
        connector = aiohttp.TCPConnector(limit=slots)
        async with aiohttp.ClientSession(connector=connector, headers={"Client-Token": "F0"}) as session:

            async def send(row):
                event = {
                    "name": name.render(row),
                    "description": description.render(row),
                    "dateTime": row["slot_datetime"],
                    "location": {"name": "Av. Paulista 1000"},
                    "callLinkType": "video",
                    "canceled": False,
                }
                async with gate:
                    async with session.post(url, json={"phone": row["phone"], "event": event}) as answer:
                        said = await answer.json()
                        out.writerow([row["phone"], answer.status, said.get("id")])

            await asyncio.gather(*[asyncio.create_task(send(row)) for row in csv.DictReader(rows)])


asyncio.run(main())
