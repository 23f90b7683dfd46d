# libtorrent for resume.test.ts: one JSON request on stdin, resume data written to a file.
#   {"torrent": FILE, "folder": DIR, "rename": {INDEX: PATH}, "unwanted": [INDEX], "out": FILE}
import json, sys
import libtorrent as lt

request = json.load(sys.stdin)
session = lt.session({
    "listen_interfaces": "", "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "alert_mask": lt.alert.category_t.all_categories,
})
params = lt.add_torrent_params()
params.ti = lt.torrent_info(request["torrent"])
params.save_path = request["folder"]
handle = session.add_torrent(params)


def wait(kind):
    while True:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, kind):
                return alert


wait(lt.torrent_checked_alert)
files = params.ti.files()
index_of = {files.file_path(index).split("/", 1)[-1]: index for index in range(files.num_files())}
priorities = [4] * files.num_files()
for path in request["unwanted"]:
    priorities[index_of[path]] = 0
handle.prioritize_files(priorities)
for path, name in request["rename"].items():
    handle.rename_file(index_of[path], name)
    wait(lt.file_renamed_alert)
handle.save_resume_data()
data = wait(lt.save_resume_data_alert)
with open(request["out"], "wb") as out:
    out.write(lt.write_resume_data_buf(data.params))
