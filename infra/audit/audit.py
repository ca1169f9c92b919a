"""The audit of one person, on what the settings name. It only reads.

1. The store: every key and value of Redis, or every row of the embedded file.
2. The topics, every message (`infra.audit.topics`).
3. The indexes of providers.
4. Files: all of the data folder, and the logs that are named. (A broker's disk and Redis's own files lie elsewhere:
   name them as logs, where they can be reached.)
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from infra.audit.embedded import FileHistory, FileStore, opened
from infra.audit.files import look_into_files
from infra.audit.indexes import look_into_indexes
from infra.audit.needles import Needles
from infra.audit.redis import look_into_redis
from infra.audit.report import Report
from infra.audit.sqlite import look_into_sqlite
from infra.audit.topics import KeysOfStore, Topics
from infra.gateway.ports import Search
from infra.settings import Settings
from infra.stores.redis import RedisStore
from streams.contract import History
from streams.kafka_log import KafkaLog
from workers.subjects import subject_of


class AskedStore(KeysOfStore, Protocol):
    async def providers(self) -> Sequence[str]:
        """Every one that there is or was."""


async def look_for(settings: Settings, user: str, texts: Sequence[str], logs: Sequence[Path], search: Search) -> Report:
    """Raises `ConfigurationError`, `StoreUnavailable`, `BrokerUnavailable`."""
    report, needles = Report(), Needles(user, texts)
    if settings.embedded:
        with opened(settings.database) as connection:
            look_into_sqlite(connection, needles, report)  # 1
            await _look(settings, user, needles, report, FileHistory(connection), FileStore(connection), search)
    else:
        await look_into_redis(settings, needles, report)  # 1
        store = await RedisStore.open(settings.store, timeout=settings.store_timeout, security=settings.redis)
        try:
            history = KafkaLog(settings.bootstrap, security=settings.kafka)
            await _look(settings, user, needles, report, history, store, search)
        finally:
            await store.close()
    look_into_files([settings.data_dir] if settings.data_dir.exists() else [], needles, report, "data folder")  # 4
    look_into_files(logs, needles, report, "logs")
    return report


async def _look(
    settings: Settings,
    user: str,
    needles: Needles,
    report: Report,
    history: History,
    store: AskedStore,
    search: Search,
) -> None:
    key = settings.pseudonym_key()
    subjects = {provider: subject_of(key, provider, user) for provider in await store.providers()}
    names = {subject.encode() for subject in subjects.values()}
    await Topics(history, store, key, user, names, needles, report).look()  # 2
    await look_into_indexes(search, subjects, report)  # 3
