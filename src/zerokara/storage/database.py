"""A database of studies: its URL, transactions over several of Optuna's writes, and readable errors.

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
from sqlalchemy.pool import NullPool

from zerokara.errors import DatabaseError, InputError, install

CONNECT_TIMEOUT = 15
"""Seconds to wait for a connection, or for a lock of another process."""
SECRETS = ("password", "sslpassword")
"""Parameters of a URL that must not be shown."""
DRIVER = "'psycopg[binary]'"
CREATE_ATTEMPTS = 10
"""Attempts to create the tables: of several processes that start at once, all but one may find them incomplete."""
OPEN_SECONDS = 30.0
"""Seconds after which a file that stays locked is not tried again."""


class Database:
    """Optuna's storage in PostgreSQL, or in a file of SQLite.

    Args:
        storage: ``postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`` or ``sqlite:///FILE``. Without a password,
            PostgreSQL's library reads it from PGPASSWORD or ~/.pgpass.

    Attributes:
        address: the URL without the password.
        storage: Optuna's storage.

    Raises:
        InputError: the URL is invalid, or the driver is not installed.
        DatabaseError: the database does not respond, or refuses the connection.

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
                f"the driver of {self.url.drivername} must be installed, but it is missing ({error}): "
                f"{install(DRIVER)}, or use postgresql+psycopg://"
            ) from error
        try:
            with self.errors(), probe.connect() as connection:
                # SQLite reads the file only with the first query.
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master" if self.is_file else "SELECT 1")
        finally:
            probe.dispose()
        # Of a file no connection is kept: those of an attempt that failed would stay open.
        options |= {"poolclass": NullPool} if self.is_file else {"pool_pre_ping": True}
        self.storage = self._open_storage(options)

    def _open_storage(self, options: dict[str, Any]) -> RDBStorage:
        # Optuna formats the URL, so braces in a password are escaped.
        url = self.url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
        end = time.monotonic() + OPEN_SECONDS
        for start in range(CREATE_ATTEMPTS):
            try:
                return RDBStorage(url, options)
            except SQLAlchemyError:
                if start + 1 == CREATE_ATTEMPTS or time.monotonic() > end:
                    with self.errors():
                        raise
                time.sleep(random.uniform(0.1, 0.5))
            except RuntimeError as error:
                raise DatabaseError(f"{self.address} must have tables of this version of Optuna: {error}") from error
        raise AssertionError

    @contextmanager
    def transaction(self, study: int | None = None, wait: float | None = None) -> Iterator[None]:
        """Run everything that the storage does in the block as one transaction.

        Args:
            study: the id of a study of which only one process at a time runs such a block.
            wait: the seconds to wait for a file that another process has locked; None for ``CONNECT_TIMEOUT``.
        """
        with self.errors(), self.storage.engine.connect() as connection:
            if self.is_file:
                seconds = CONNECT_TIMEOUT if wait is None else wait
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * seconds:.0f}")
                # Lock for writing at once: SQLite refuses a reader that later wants to write, instead of waiting.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.begin()
            separate = self.storage.scoped_session
            # Joins all sessions into one transaction; otherwise each of them commits to disk.
            joined = scoped_session(sessionmaker(connection, join_transaction_mode="rollback_only"))
            self.storage.scoped_session = joined
            try:
                if study is not None and not self.is_file:
                    row = text("SELECT study_id FROM studies WHERE study_id = :study FOR UPDATE")
                    connection.execute(row, {"study": study})
                yield
                connection.commit()
            finally:
                self.storage.scoped_session = separate
                joined.remove()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the exceptions of Optuna and SQLAlchemy into a DatabaseError without the password."""
        try:
            yield
        except (SQLAlchemyError, StorageInternalError) as error:
            reason: BaseException = error
            while isinstance(reason, StorageInternalError) and reason.__cause__:
                reason = reason.__cause__
            if isinstance(reason, DBAPIError) and reason.orig:
                reason = reason.orig
            message = " ".join(str(reason).split()) or type(reason).__name__
            for secret in (self.url.password, *map(self.url.query.get, SECRETS)):
                if secret:
                    message = message.replace(str(secret), "***")
            rule, remedy = "be readable and writable", "check the file and its permissions, or use another"
            if not self.is_file:
                rule = "respond"
                remedy = (
                    "check that the server runs and has this database, and the user and password (set a password in "
                    "--storage, PGPASSWORD or ~/.pgpass)"
                )
            raise DatabaseError(f"the database {self.address} must {rule}, got: {message[:400]}; {remedy}") from error

    def close(self) -> None:
        """Close all connections."""
        self.storage.remove_session()
        self.storage.engine.dispose()


def parse_url(storage: str) -> URL:
    """Return the URL of a database, with an absolute path for a file.

    >>> parse_url("mysql://root:secret@localhost/studies")
    Traceback (most recent call last):
        ...
    zerokara.errors.InputError: a storage must be postgresql+psycopg://USER@HOST/DATABASE or sqlite:///FILE, got mysql://...
    """
    rule = "a storage must be postgresql+psycopg://USER@HOST/DATABASE or sqlite:///FILE"
    try:
        url = make_url(storage)
    except (ArgumentError, ValueError) as error:
        # Without the text, which may have a password.
        raise InputError(f"{rule}, got an invalid URL: check its parts; a port must be a number") from error
    if url.get_backend_name() not in ("postgresql", "sqlite"):
        raise InputError(f"{rule}, got {url.drivername}://...")
    if url.drivername == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise InputError(f"{rule}, got no file: processes cannot share a database in memory")
        return url if url.database.startswith("file:") else url.set(database=os.path.abspath(url.database))
    return url


def without_password(url: URL) -> str:
    """Return a URL without its passwords.

    >>> without_password(parse_url("postgresql://ann:secret@host:5432/studies?password=secret"))
    'postgresql+psycopg://ann@host:5432/studies'
    """
    public = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    return public.difference_update_query(SECRETS).render_as_string()
