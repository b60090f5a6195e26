"""Apache Pulsar itself: fetched once by Maven, standalone, on loopback, with tokens."""

import base64
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from desk.pulsar.tokens import issue
from tests.pulsar.server import ENTRIES_PER_LEDGER, Special

VERSION = "4.0.8"  # on Maven Central as a whole distribution; several neighbours are not
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
ARTIFACT = "pulsar-server-distribution"
OPENS = (
    "java.base/java.io",
    "java.base/java.nio",
    "java.base/java.util.zip",
    "java.base/sun.net",
    "java.base/jdk.internal.misc",
    "java.base/jdk.internal.platform",
    "java.management/sun.management",
    "jdk.management/com.sun.management.internal",
)
DRIVER = "org.apache.pulsar.metadata.bookkeeper.PulsarMetadata"
LOG4J = (
    '<Configuration><Appenders><Console name="c"><PatternLayout pattern="%d %p %c{1} %m%n"/>'
    '</Console></Appenders><Loggers><Root level="warn"><AppenderRef ref="c"/></Root></Loggers>'
    "</Configuration>"
)
PRODUCER = Path(__file__).parent / "Produce.java"


def fetch(cache: Path) -> Path:
    """The folder of the server's jars; downloads 245 MB the first time."""
    home = cache / f"apache-pulsar-{VERSION}"
    if not (cache / "done").exists():
        cache.mkdir(parents=True, exist_ok=True)
        artifact = f"-Dartifact=org.apache.pulsar:{ARTIFACT}:{VERSION}:tar.gz:bin"
        subprocess.run(
            ["mvn", "-q", "-B", f"{PLUGIN}:copy", f"-DoutputDirectory={cache}", artifact],
            check=True,
            cwd=cache,
        )
        tar = cache / f"{ARTIFACT}-{VERSION}-bin.tar.gz"
        subprocess.run(["tar", "xf", tar, "-C", cache, f"{home.name}/lib"], check=True)
        tar.unlink()
        (cache / "done").touch()
    return home / "lib"


class RealServer:
    version = VERSION
    silence = 0.7
    idle = 4.0

    def __init__(self, cache: Path, folder: Path) -> None:
        self._lib = fetch(cache)
        self._archive = cache / "classes.jsa"
        self._folder = folder
        self._secret = os.urandom(32)
        self._process: subprocess.Popen[bytes] | None = None
        held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        self._web, self._binary, self._bookie = (each.getsockname()[1] for each in held)
        for each in held:
            each.close()
        (folder / "secret.key").write_bytes(self._secret)
        (folder / "log4j2.xml").write_text(LOG4J)
        lines = (f"{name}={value}\n" for name, value in self._configuration().items())
        (folder / "broker.conf").write_text("".join(lines))

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._web}"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self._web}"

    def start(self) -> None:
        log = self._folder / "broker.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command(), cwd=self._folder, stdout=out, stderr=out, start_new_session=True
            )
        end = time.monotonic() + 180
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if self._admin("GET", "brokers/health") == (200, "ok"):
                    return
            except OSError:
                pass
            time.sleep(0.2)
        self._end(signal.SIGKILL)
        raise AssertionError(f"Pulsar did not start: {log.read_text()[-4000:]}")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """A second start clears the stale lock of the bookie, on which the first one spins."""
        self._end(signal.SIGKILL)
        self.start()
        self.restart()

    def token(self, subject: str | None = "admin", ttl: float | None = None) -> str:
        return issue(self._secret, subject, ttl)

    def publish_special(
        self, topic: str, messages: Sequence[Special], *, batched: bool = False
    ) -> None:
        lines = "".join(f"{_text(each.payload)} {_text(each.key)}\n" for each in messages)
        url = f"pulsar://127.0.0.1:{self._binary}"
        quiet = ["-Dlog4j2.is.webapp=false", f"-Dlog4j.configurationFile={self._folder}/log4j2.xml"]
        subprocess.run(
            [
                *("java", "-cp", f"{self._lib}/*", *quiet, "-XX:TieredStopAtLevel=1"),
                *(str(PRODUCER), url, self.token(), f"persistent://{topic}"),
                str(batched).lower(),
            ],
            input=lines.encode(),
            check=True,
            timeout=120,
        )

    def unload(self, topic: str) -> None:
        self._do("PUT", f"persistent/{topic}/unload")

    def trim(self, topic: str) -> None:
        namespace = topic.rsplit("/", 1)[0]
        before = self.ledgers(topic)
        self._retain(namespace, 0)
        end = time.monotonic() + 60
        while self.ledgers(topic) == before and time.monotonic() < end:
            # The topic learns of its new retention a moment later.
            self._do("POST", f"persistent/{topic}/trim")
            time.sleep(0.3)
        self._retain(namespace, -1)

    def ledgers(self, topic: str) -> list[int]:
        stats = json.loads(self._do("GET", f"persistent/{topic}/internalStats"))
        return [each["ledgerId"] for each in stats["ledgers"]]

    def terminate(self, topic: str) -> None:
        self._do("POST", f"persistent/{topic}/terminate")

    def delete(self, topic: str) -> None:
        self._do("DELETE", f"persistent/{topic}?force=true")

    def partitions(self, topic: str, count: int) -> None:
        self._do("PUT", f"persistent/{topic}/partitions", count)

    def subscriptions(self, topic: str) -> list[str]:
        return sorted(json.loads(self._do("GET", f"persistent/{topic}/subscriptions")))

    def skip(self, topic: str, subscription: str, entries: int) -> None:
        self._do("POST", f"persistent/{topic}/subscription/{subscription}/skip/{entries}")

    def grant(self, namespace: str, role: str) -> None:
        self._do("POST", f"namespaces/{namespace}/permissions/{role}", ["consume"])

    def namespace(self, name: str) -> None:
        self._do("PUT", f"namespaces/{name}")

    def _retain(self, namespace: str, limit: int) -> None:
        kept = {"retentionTimeInMinutes": limit, "retentionSizeInMB": limit}
        self._do("POST", f"namespaces/{namespace}/retention", kept)

    def _end(self, signal_number: int) -> None:
        assert self._process
        self._process.send_signal(signal_number)
        self._process.wait(60)

    def _do(self, method: str, path: str, body: Any = None) -> str:
        status, text = self._admin(method, path, body)
        assert 200 <= status < 300, (method, path, status, text)
        return text

    def _admin(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self.token()}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.http}/admin/v2/{path}", data, headers)
        request.method = method
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def _command(self) -> list[str]:
        """Small, and with an archive of classes that the first run writes: half the start."""
        known = self._archive.exists()
        archive = "SharedArchiveFile" if known else "ArchiveClassesAtExit"
        data = f"{self._folder}/data"
        return [
            *("java", "-cp", f"{self._lib}/*", "-Xmx320m", "-XX:MaxDirectMemorySize=320m"),
            *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-XX:{archive}={self._archive}"),
            *("-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Djava.net.preferIPv4Stack=true"),
            *(part for each in OPENS for part in ("--add-opens", f"{each}=ALL-UNNAMED")),
            *("-Dio.netty.tryReflectionSetAccessible=true", "-Dlog4j2.is.webapp=false"),
            "-Dlog4j.shutdownHookEnabled=false",
            f"-Dlog4j.configurationFile={self._folder}/log4j2.xml",
            f"-Dbookkeeper.metadata.bookie.drivers={DRIVER}BookieDriver",
            f"-Dbookkeeper.metadata.client.drivers={DRIVER}ClientDriver",
            "org.apache.pulsar.PulsarStandaloneStarter",
            *("--config", f"{self._folder}/broker.conf", "-a", "127.0.0.1", "--num-bookies", "1"),
            *("--no-functions-worker", "--no-stream-storage", "--metadata-dir", f"{data}/meta"),
            *("--bookkeeper-dir", f"{data}/bk", "--bookkeeper-port", str(self._bookie)),
        ]

    def _configuration(self) -> dict[str, object]:
        package = "org.apache.pulsar.broker"
        return {
            "clusterName": "standalone",
            "advertisedAddress": "127.0.0.1",
            "bindAddress": "127.0.0.1",
            "listeningInterface": "lo",
            "allowLoopback": "true",
            "brokerServicePort": self._binary,
            "webServicePort": self._web,
            "webSocketServiceEnabled": "true",
            "webSocketSessionIdleTimeoutMillis": int(self.idle * 1000),
            "managedLedgerDefaultEnsembleSize": 1,
            "managedLedgerDefaultWriteQuorum": 1,
            "managedLedgerDefaultAckQuorum": 1,
            "managedLedgerMaxEntriesPerLedger": ENTRIES_PER_LEDGER,
            "managedLedgerMinLedgerRolloverTimeMinutes": 0,
            "loadBalancerEnabled": "false",
            "loadManagerClassName": f"{package}.loadbalance.NoopLoadManager",
            "ledgerStorageClass": "org.apache.bookkeeper.bookie.storage.ldb.DbLedgerStorage",
            "nettyMaxFrameSizeBytes": 5253120,
            "dbStorage_writeCacheMaxSizeMb": 16,
            "dbStorage_readAheadCacheMaxSizeMb": 16,
            "dbStorage_rocksDB_blockCacheSize": 8388608,
            "journalSyncData": "false",
            "diskUsageThreshold": 0.99,
            "diskUsageWarnThreshold": 0.99,
            "brokerDeleteInactiveTopicsEnabled": "false",
            "defaultRetentionTimeInMinutes": -1,
            "defaultRetentionSizeInMB": -1,
            "authenticationEnabled": "true",
            "authenticationProviders": f"{package}.authentication.AuthenticationProviderToken",
            "tokenSecretKey": f"file://{self._folder}/secret.key",
            "authorizationEnabled": "true",
            "superUserRoles": "admin",
            "brokerClientAuthenticationPlugin": (
                "org.apache.pulsar.client.impl.auth.AuthenticationToken"
            ),
            "brokerClientAuthenticationParameters": f"token:{self.token()}",
        }


def _text(raw: bytes | None) -> str:
    """Base64; `-` for nothing at all and `=` for nothing in it."""
    if raw is None:
        return "-"
    return base64.b64encode(raw).decode() or "="
