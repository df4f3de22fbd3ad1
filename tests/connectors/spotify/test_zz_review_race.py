from pathlib import Path
from threading import Thread, Event
import pytest
from connectors.library import Library
from connectors.spotify.client import SpotifyClient
from connectors.spotify.pull import pull_spotify
from connectors.spotify.settings import PULL_SCOPES
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, StandIn

def test_race(tmp_path, monkeypatch):
    acc = Account.made_up(430)
    with StandIn(acc) as standin:
        use(standin, tmp_path/"config", monkeypatch); sign_in_quietly(standin)
        url=f"sqlite:///{tmp_path/'library.db'}"
        Library.open(url).close()
        half, done = Event(), Event()
        def slow():
            with Library.open(url) as lib, SpotifyClient.signed_in(scopes=PULL_SCOPES) as c:
                n=[0]
                orig=c.saved_tracks
                def saved(offset):
                    n[0]+=1
                    if n[0]==5:
                        half.set(); done.wait(20)
                    return orig(offset)
                c.saved_tracks=saved
                print("slow", pull_spotify(lib,c).outcomes)
        t=Thread(target=slow); t.start(); half.wait(20)
        with Library.open(url) as lib, SpotifyClient.signed_in(scopes=PULL_SCOPES) as c:
            print("fast", pull_spotify(lib,c).outcomes)
            print("after fast", (lib.evidence().kind=="like").sum())
        done.set(); t.join()
        with Library.open(url) as lib, SpotifyClient.signed_in(scopes=PULL_SCOPES) as c:
            print("after slow", (lib.evidence().kind=="like").sum())
            print("again", pull_spotify(lib,c).outcomes)
            print("after again", (lib.evidence().kind=="like").sum())
