"""Call edges through the packages, bases and overloads of Java."""

from __future__ import annotations

from pathlib import Path

from tests.graph.test_edges import sites, told
from tests.product import plant

FILES: dict[str | bytes, bytes] = {
    "main/shop/Cart.java": b"""package shop;
import static shop.tools.Log.log;
import static shop.tools.Names.*;
import java.util.*;
import shop.tools.*;
class Cart extends Base implements Thing {
  int size;
  Map<String, Store> stores = new HashMap<>();
  int size() { return size; }
  void run(List<Store> all) {
    size(); check(1); check(); log("x"); name(); hashCode(); missing();
    for (Store each : all) each.put(1);
    all.get(0).put("a", 2);
    stores.values().iterator().next().put(1);
    for (Map.Entry<String, Store> e : stores.entrySet()) e.getValue().put(1);
    new Helper().help().open();
    new Runnable() { public void run() { size(); toString(); } };
    Kind.ONE.tell(); Kind.valueOf("ONE"); unknown.go();
    many(1); use();
  }
  void many(int a) {} void many(long a) {} void many(String a) {} void many(Object a) {}
  enum Kind { ONE; void tell() {} }
}
""",
    "main/shop/Base.java": b"""package shop;
abstract class Base { void check() {} void check(int a) {} }
""",
    "main/shop/Thing.java": b"""package shop;
interface Thing {
  void thing();
  default void use() { thing(); }
}
""",
    "main/shop/Store.java": b"""package shop;
class Store {
  void put(int a) {}
  void put(String a, int b) {}
  Store open() { return this; }
}
""",
    "main/shop/tools/Helper.java": b"""package shop.tools;
public class Helper {
  public shop.Store help() { return null; }
}
""",
    "main/shop/tools/Log.java": b"""package shop.tools;
public class Log {
  public static void log(String a) {}
}
""",
    "main/shop/tools/Names.java": b"""package shop.tools;
public class Names {
  public static void name() {}
}
""",
    "other/shop/Store.java": b"""package shop;
class Store { void put(int a) {} }
class User { void use(Store s) { s.put(1); } }
""",
}


def test_edges_go_through_packages_imports_bases_and_overloads(tmp_path: Path) -> None:
    assert told(sites(plant(tmp_path, FILES))) == [
        "main/shop/Cart.java:8 HashMap external ",
        "main/shop/Cart.java:11 size resolved main/shop/Cart.java:9:Cart.size",
        "main/shop/Cart.java:11 check resolved main/shop/Base.java:2:Base.check",
        "main/shop/Cart.java:11 check resolved main/shop/Base.java:2:Base.check",
        "main/shop/Cart.java:11 log resolved main/shop/tools/Log.java:3:Log.log",
        "main/shop/Cart.java:11 name resolved main/shop/tools/Names.java:3:Names.name",
        "main/shop/Cart.java:11 hashCode external ",
        "main/shop/Cart.java:11 missing name ",
        "main/shop/Cart.java:12 put resolved main/shop/Store.java:3:Store.put",
        "main/shop/Cart.java:13 get external ",
        "main/shop/Cart.java:13 put resolved main/shop/Store.java:4:Store.put",
        "main/shop/Cart.java:14 values external ",
        "main/shop/Cart.java:14 iterator external ",
        "main/shop/Cart.java:14 next external ",
        "main/shop/Cart.java:14 put resolved main/shop/Store.java:3:Store.put",
        "main/shop/Cart.java:15 entrySet external ",
        "main/shop/Cart.java:15 getValue external ",
        "main/shop/Cart.java:15 put resolved main/shop/Store.java:3:Store.put",
        "main/shop/Cart.java:16 Helper resolved main/shop/tools/Helper.java:2:Helper",
        "main/shop/Cart.java:16 help resolved main/shop/tools/Helper.java:3:Helper.help",
        "main/shop/Cart.java:16 open resolved main/shop/Store.java:5:Store.open",
        "main/shop/Cart.java:17 Runnable external ",
        "main/shop/Cart.java:17 size resolved main/shop/Cart.java:9:Cart.size",
        "main/shop/Cart.java:17 toString external ",
        "main/shop/Cart.java:18 tell resolved main/shop/Cart.java:22:Cart.Kind.tell",
        "main/shop/Cart.java:18 valueOf external ",
        "main/shop/Cart.java:18 go name ",
        "main/shop/Cart.java:19 many name ",
        "main/shop/Cart.java:19 use resolved main/shop/Thing.java:4:Thing.use",
        "main/shop/Thing.java:4 thing resolved main/shop/Thing.java:3:Thing.thing",
        "other/shop/Store.java:3 put resolved other/shop/Store.java:2:Store.put",
    ]
