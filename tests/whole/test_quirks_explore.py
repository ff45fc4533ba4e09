import asyncio, json
from quirks import Faults, faults  # noqa
from ocppdiag_station import SCENARIOS
from ocppdiag_contracts.commands import *
from ocppdiag_contracts.versions import OcppVersion
MON = [dict(component={"name":"EVSE","evse":{"id":1}}, variable={"name":"Power"}, type="Delta", value=5.0, severity=5),
       dict(component={"name":"EVSE","evse":{"id":1}}, variable={"name":"Power"}, type="UpperThreshold", value=900.0, severity=6),
       dict(component={"name":"EVSE","evse":{"id":2}}, variable={"name":"Power"}, type="UpperThreshold", value=900.0, severity=6)]
CMDS = [(GetLog, dict(seconds=5)), (GetMonitoringReport, dict(seconds=4)),
        (SetVariableMonitoring, dict(set_monitoring_data=MON)), (ClearVariableMonitoring, dict(monitor_ids=[1, 2, 3])),
        (SetMonitoringBase, dict(monitoring_base="All")), (SetMonitoringLevel, dict(severity=9)),
        (CustomerInformation, dict(seconds=4, report=True, customer_identifier="x")),
        (CustomerInformation, dict(seconds=4, report=True, id_token={"id_token":"100000C01","type":"Central"})),
        (TriggerLogStatus, dict(seconds=4))]
out = open("/tmp/w/quirks/explore.txt", "w")
def short(o):
    s = json.dumps(o.model_dump(mode="json", exclude_none=True, exclude_defaults=True), default=str)
    return s
async def one(faults, name, version, sem):
    lines = [f"=== {name} {version.value}: {SCENARIOS[name].summary}"]
    async with sem:
        try:
            async with asyncio.timeout(60):
                async with faults.station(name, version) as f:
                    for kind, kw in CMDS:
                        s = await f.ask(kind, **kw)
                        r = short(s.settled.result)[:400] if s.settled.result else None
                        lines.append(f"{kind.__name__}: {s.end[0].value} {s.end[1]} | {s.settled.detail} | {r}")
                        lines.append("    " + ", ".join(getattr(e,'event') + (":"+getattr(e,'status','') if hasattr(e,'status') else '') + ("!V" if getattr(e,'violations',None) else "") for e in s.events)[:400])
                    try:
                        await asyncio.wait_for(f.station.set_variable("EVSE", "Power", 23000, evse=1),5)
                        await asyncio.wait_for(f.station.notify("EVSE", "Problem", True, evse=1),5)
                        await asyncio.wait_for(f.station.security_event("TamperDetectionActivated"),5)
                    except Exception as e:
                        lines.append(f"!! {e!r}")
                    await asyncio.sleep(0.5)
                    lines.append("REFUSED " + repr(f.refused))
                    lines += ["   H " + short(e)[:700] for e in f.heard if not e.event.startswith("command") and not e.event.endswith("part_received") and not e.event.startswith("log_bytes")][:12]
        except BaseException as e:
            lines.append(f"!!! {e!r}")
    out.write("\n".join(lines) + "\n\n"); out.flush()
async def test_explore(faults):
    sem = asyncio.Semaphore(12)
    names = [n for n in SCENARIOS if n not in ("more-monitors", "reconnects")]
    await asyncio.gather(*(one(faults, n, OcppVersion.V201, sem) for n in names))
