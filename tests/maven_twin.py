"""A synthetic twin of a CRM's export: the same four files, columns, blanks and misspellings, all values made up."""

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from random import Random

OFFICES = {"Harbour": ("Ada Quell", "Bo Marsh", "Cy Fenn"), "Upland": ("Di Holt", "Ed Roan"), "Delta": ("Flo Wick",)}
NO_DEALS = "Flo Wick"
ACCOUNTS = ("Alderfin", "Brookway", "Cindertree", "Dovecot & Sons", "Elmstead", "Fernhill", "Gorsebank", "Hazelmere")
SECTORS = ("technolgy", "medical", "retail", "software", "finance", "technolgy", "marketing", "telecommunications")
PRODUCTS = {"GTX Basic": 550, "GTX Pro": 4821, "MG Special": 55}


@dataclass
class Twin:
    """Where the files are, and what is in them."""

    pipeline: Path
    rows: list[dict[str, str]]

    def count(self, stage: str, *, named: bool | None = None) -> int:
        """Count the rows of a stage, with or without an account."""
        return sum(row["deal_stage"] == stage and (named is None or bool(row["account"]) == named) for row in self.rows)

    @property
    def won_amount(self) -> int:
        """Add up what was won."""
        return sum(int(row["close_value"]) for row in self.rows if row["deal_stage"] == "Won")


def make_twin(folder: Path, count: int = 200) -> Twin:
    """Write the four files into a folder."""
    random = Random(20)
    teams = [
        {"sales_agent": agent, "manager": f"Manager of {office}", "regional_office": office}
        for office, agents in OFFICES.items()
        for agent in agents
    ]
    accounts = [
        {
            "account": name,
            "sector": sector,
            "year_established": "1999",
            "revenue": "251.41",
            "employees": str(15 * 4**place),
            "office_location": "Philipines" if place == 3 else "United States",
            "subsidiary_of": "Alderfin" if place == 5 else "",
        }
        for place, (name, sector) in enumerate(zip(ACCOUNTS, SECTORS, strict=True))
    ]
    agents = [team["sales_agent"] for team in teams if team["sales_agent"] != NO_DEALS]
    rows = []
    for number in range(count):
        stage = random.choices(("Won", "Lost", "Engaging", "Prospecting"), (48, 28, 18, 6))[0]
        product = random.choice(tuple(PRODUCTS))
        engaged = dt.date(2017, 1, 2) + dt.timedelta(days=random.randrange(200))
        closed = engaged + dt.timedelta(days=random.randrange(90))
        is_closed = stage in ("Won", "Lost")
        nameless = not is_closed and random.random() < 0.65
        value = "" if not is_closed else "0" if stage == "Lost" else str(PRODUCTS[product] + random.randrange(40))
        rows.append(
            {
                "opportunity_id": f"TW{number:06}",
                "sales_agent": random.choice(agents),
                "product": "GTXPro" if product == "GTX Pro" else product,
                "account": "" if nameless else random.choice(ACCOUNTS),
                "deal_stage": stage,
                "engage_date": "" if stage == "Prospecting" else engaged.isoformat(),
                "close_date": closed.isoformat() if is_closed else "",
                "close_value": value,
            }
        )
    products = [{"product": name, "series": name[:3], "sales_price": str(price)} for name, price in PRODUCTS.items()]
    write(folder / "sales_teams.csv", teams)
    write(folder / "accounts.csv", accounts)
    write(folder / "products.csv", products)
    return Twin(write(folder / "sales_pipeline.csv", rows), rows)


def write(path: Path, rows: list[dict[str, str]], *, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    """Write rows as a CSV file."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path
