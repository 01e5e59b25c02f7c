"""A database of studies: its address, one transaction around many of Optuna's writes, and its errors in one sentence.

Importing this file imports Optuna and SQLAlchemy: do so inside the function that opens a database.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import scoped_session, sessionmaker

from zerokara.errors import DatabaseError, InputError

CONNECT_TIMEOUT = 15
"""Seconds that a database may take to answer, or another process to let go of it."""
SECRETS = ("password", "sslpassword")
"""What the query of a URL may hold and nobody may read."""
CREATE_ATTEMPTS = 10
"""How often an empty database is prepared: of several processes that start at once, all but one meet half a table."""


class Database:
    """Optuna's storage in PostgreSQL, or in a file of SQLite.

    Args:
        storage: ``postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`` or ``sqlite:///FILE``. A password that is not
            there PostgreSQL's own library looks for in PGPASSWORD and in ~/.pgpass.

    Attributes:
        address: the same without the password.
        storage: Optuna's own.

    Raises:
        InputError: another kind of address; the driver is not installed.
        DatabaseError: it does not answer, or refuses.

    >>> import tempfile, optuna
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     database = Database(f"sqlite:///{folder}/studies.db")
    ...     with database.transaction():
    ...         study = database.storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "digits")
    ...     name = database.storage.get_study_name_from_id(study)
    ...     database.close()
    >>> name
    'digits'
    """

    def __init__(self, storage: str) -> None:
        self.url = parse_url(storage)
        self.address = without_password(self.url)
        self.is_file = self.url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"connect_args": {"timeout" if self.is_file else "connect_timeout": CONNECT_TIMEOUT}}
        try:
            probe = create_engine(self.url, **options)
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise InputError(
                f"{self.url.drivername} needs its driver, got none ({error}): install it with "
                "pip install 'zerokara[distributed]', or write postgresql+psycopg://"
            ) from error
        try:
            with self.errors(), probe.connect() as connection:
                # SQLite opens anything, and looks at it when it is asked.
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master" if self.is_file else "SELECT 1")
        finally:
            probe.dispose()
        self.storage = self._prepared({**options, "pool_pre_ping": True})

    def _prepared(self, options: dict[str, Any]) -> RDBStorage:
        # Optuna fills in what stands in braces, and a password may have some.
        whole = self.url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
        for start in range(CREATE_ATTEMPTS):
            try:
                return RDBStorage(whole, options)
            except SQLAlchemyError:
                if start + 1 == CREATE_ATTEMPTS:
                    with self.errors():
                        raise
                time.sleep(random.uniform(0.1, 0.5))
            except RuntimeError as error:
                raise DatabaseError(f"{self.address} must have the tables of this Optuna, got: {error}") from error
        raise AssertionError

    @contextmanager
    def transaction(self, study: int | None = None) -> Iterator[None]:
        """Make what the storage does in the block one transaction: all of it counts, or nothing.

        With the number of a study, one process at a time is in such a block, and sees all that those before it did.
        """
        with self.errors(), self.storage.engine.connect() as connection:
            if self.is_file:
                # At once for writing: a reader that wants to write later is refused, not kept waiting.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.begin()
            apart = self.storage.scoped_session
            # SQLAlchemy's way to join sessions into one transaction; each costs a commit to the disk otherwise.
            joined = scoped_session(sessionmaker(connection, join_transaction_mode="rollback_only"))
            self.storage.scoped_session = joined
            try:
                if study is not None and not self.is_file:
                    row = text("SELECT study_id FROM studies WHERE study_id = :study FOR UPDATE")
                    connection.execute(row, {"study": study})
                yield
                connection.commit()
            finally:
                self.storage.scoped_session = apart
                joined.remove()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn whatever a database refuses into one error that names it, the reason and the remedy."""
        try:
            yield
        except (SQLAlchemyError, StorageInternalError) as error:
            reason: BaseException = error
            while isinstance(reason, StorageInternalError) and reason.__cause__:
                reason = reason.__cause__
            if isinstance(reason, DBAPIError) and reason.orig:
                reason = reason.orig
            said = " ".join(str(reason).split()) or type(reason).__name__
            for secret in secrets(self.url):
                said = said.replace(secret, "***")
            rule, remedy = "be readable and writable", "mend that, or name another"
            if not self.is_file:
                rule = "answer"
                remedy = (
                    "see that it runs, that it has that name, and that user and password are right (a password may "
                    "stand in --storage, PGPASSWORD or ~/.pgpass)"
                )
            raise DatabaseError(f"the database {self.address} must {rule}, got: {said[:400]}; {remedy}") from error

    def close(self) -> None:
        """Let go of all connections."""
        self.storage.remove_session()
        self.storage.engine.dispose()


def parse_url(storage: str) -> URL:
    """Return the address of a database, a file's path made absolute.

    >>> parse_url("mysql://root:secret@localhost/studies")
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: a storage is postgresql+psycopg://USER@HOST/DATABASE or sqlite:///FILE, got mysql://...
    """
    kind = storage.split("://")[0] if "://" in storage else ""
    rule = "a storage is postgresql+psycopg://USER@HOST/DATABASE or sqlite:///FILE"
    try:
        url = make_url(storage)
    except (ArgumentError, ValueError) as error:
        # Never the text itself: it may hold a password.
        raise InputError(f"{rule}, got what is no such address: see that it is whole, a port a number") from error
    if url.get_backend_name() not in ("postgresql", "sqlite"):
        raise InputError(f"{rule}, got {kind}://...")
    if url.drivername == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise InputError(f"{rule}, got no file: a database in memory cannot be shared")
        return url if url.database.startswith("file:") else url.set(database=os.path.abspath(url.database))
    return url


def without_password(url: URL) -> str:
    """Return an address without its secrets, which works as one.

    >>> without_password(parse_url("postgresql://ann:secret@host:5432/studies?password=secret"))
    'postgresql+psycopg://ann@host:5432/studies'
    """
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    return bare.difference_update_query(SECRETS).render_as_string()


def secrets(url: URL) -> list[str]:
    """Return the passwords in an address."""
    found = [url.password, *(url.query.get(name) for name in SECRETS)]
    return [str(secret) for secret in found if secret]
