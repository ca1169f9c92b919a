"""A space fitted to a catalog, with the real model: what is new in the world after that becomes an interest."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.sample.catalog import sample_items
from infra.stores.sqlite import SqliteStore
from schemas.catalog import CatalogItem
from schemas.command import RefreshCommand
from schemas.interaction import Interaction, Signal
from streams.agents import AgentsStage
from streams.database import Database
from streams.embedder import EmbedderStage
from streams.metrics import Metrics
from streams.topics import CATALOG, COMMANDS, INTERACTIONS
from tests.fakes import RecordingProducer
from workers.agent import AgentRules
from workers.evaluation.truth import is_true
from workers.fitted_space import save_fitted
from workers.fitting import fit
from workers.ports import Encoder, Record, Store
from workers.refit import FitRules
from workers.space import BUNDLED, SentenceEncoder, background_of_space, item_text, open_encoder
from workers.state import UserState, decode_state

pytestmark = pytest.mark.timeout(180)  # the first import of torch, on cores that others keep busy

START = datetime(2026, 9, 10, tzinfo=UTC)
TOPICS = ("astronomy", "cooking", "football")
LANDING = (
    ("Crew practises for the Artemis landing in the desert", "Two astronauts climb down a ladder in heavy suits."),
    ("Engineers delay the Artemis landing by three weeks", "A valve of the lander leaks, and the launch must wait."),
    ("What the Artemis landing will cost every taxpayer", "An audit adds up rockets, suits and ground stations."),
    ("Where to watch the Artemis landing tonight", "Planetariums stay open until the lander is down."),
)


def catalog() -> list[CatalogItem]:
    return [CatalogItem.model_validate(one) for one in sample_items("news") if one["category"] in TOPICS]


def news() -> list[CatalogItem]:
    """Of a provider that says no category: only the words tell what they are about."""
    return [
        CatalogItem(provider="wire", item=str(number), title=title, text=text)
        for number, (title, text) in enumerate(LANDING)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made, model, items = tmp_path_factory.mktemp("made") / "sample", SentenceEncoder(), catalog()
    fitted = fit(items, model.encode([item_text(one) for one in items]), model.encode)
    save_fitted(fitted, made, BUNDLED, model.space)
    return made


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return open_encoder(str(folder))


class Service:
    """The two stages on one store; a topic has one partition."""

    def __init__(self, store: Store, encoder: Encoder, folder: Path) -> None:
        self.store, self.space = store, encoder.space
        self.now = START
        producer, metrics = RecordingProducer(), Metrics()
        rules = AgentRules(FitRules(background_of_space(str(folder))))
        self.embedder = EmbedderStage(store, encoder, producer, metrics)
        self.agents = AgentsStage(
            store,
            producer,
            rules,
            space=encoder.space,
            key=b"of the tests",
            metrics=metrics,
            now=self._clock,
        )
        self._offsets: dict[str, int] = {}

    def _clock(self) -> float:
        return self.now.timestamp()

    def _record(self, topic: str, key: str, value: bytes) -> Record:
        self._offsets[topic] = self._offsets.get(topic, -1) + 1
        return Record(topic, 0, self._offsets[topic], key.encode(), value, int(1000 * self._clock()))

    async def describe(self, *items: CatalogItem) -> None:
        await self.embedder.handle([self._record(CATALOG, item.key, item.to_bytes()) for item in items])

    async def like(self, *items: CatalogItem) -> None:
        for item in items:
            self.now += timedelta(seconds=61)  # an agent looks an item up anew after a minute
            event = Interaction(
                event_id=f"{item.key} {self.now:%H%M%S}",
                user="ada",
                provider=item.provider,
                item=item.item,
                signal=Signal.LIKE,
                time=self.now,
            )
            await self.agents.handle([self._record(INTERACTIONS, "ada", event.to_bytes())])

    async def refit(self) -> list[str]:
        """The interests after it, strongest first."""
        self.now += timedelta(seconds=61)
        command = RefreshCommand(command_id=f"{self.now:%H%M%S}", user="ada", time=self.now)
        await self.agents.handle([self._record(COMMANDS, "ada", command.to_bytes())])
        return [one.text for one in (await self.state()).interests]

    async def state(self) -> UserState:
        return decode_state((await self.store.read(["ada"], (), self.space)).users["ada"].state)


async def test_a_person_who_likes_what_is_new_in_the_world_has_it_by_its_name(
    encoder: Encoder, folder: Path, tmp_path: Path
) -> None:
    database = Database(tmp_path / "attune.sqlite")
    service = Service(await SqliteStore.open(database), encoder, folder)
    known, new = catalog(), news()
    await service.describe(*known, *new[:2])
    await service.like(*[item for item in known if item.category == "cooking"][:4], *new[:2])
    before = await service.refit()
    assert "cooking" in before
    assert "Artemis landing" not in before

    await service.describe(*new[2:])
    after = await service.refit()
    assert "Artemis landing" in after
    assert "cooking" in after
    interest = next(one for one in (await service.state()).interests if one.text == "Artemis landing")
    assert len(interest.evidence) == 2
    assert is_true(interest.text, new[:2])
    await database.close()


async def test_another_embedder_and_another_start_find_the_same(encoder: Encoder, folder: Path, tmp_path: Path) -> None:
    """Whatever the items came in, and however often."""
    found = []
    for order in ((0, 1, 2, 3), (3, 1, 0, 2, 3, 3)):
        database = Database(tmp_path / f"{len(order)}.sqlite")
        store = await SqliteStore.open(database)
        for number in order:
            await Service(store, encoder, folder).describe(news()[number])
        records = (await store.read((), [item.key for item in news()], encoder.space)).items
        vectors = await store.read_phrases(encoder.space, ["Artemis landing"])
        found.append(([one.text for one in await store.grown(encoder.space)], vectors, records))
        await database.close()
    assert found[0][0] == ["Artemis landing"]
    assert found[0] == found[1]
