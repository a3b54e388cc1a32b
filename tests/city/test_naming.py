from __future__ import annotations

import pytest

from kb.city.naming import Namer


@pytest.fixture(scope="module")
def namer(examples) -> Namer:
    return Namer.load(examples / "divisions" / "english.yaml")


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("济南市", "Jinan City"),
        ("历下区", "Lixia District"),
        ("长清区", "Changqing District"),
        ("朝阳区", "Chaoyang District"),
        ("西安市", "Xi'an City"),
        ("东阿县", "Dong'e County"),
        ("单县", "Shanxian County"),
        ("矿区", "Kuangqu District"),
        ("陕西省", "Shaanxi Province"),
        ("山西省", "Shanxi Province"),
        ("内蒙古自治区", "Inner Mongolia Autonomous Region"),
        ("广西壮族自治区", "Guangxi Zhuang Autonomous Region"),
        ("鄂伦春自治旗", "Oroqen Autonomous Banner"),
        ("恩施土家族苗族自治州", "Enshi Tujia Miao Autonomous Prefecture"),
        ("济南高新技术产业开发区", "Jinan High-Tech Industrial Development Zone"),
        ("解放路街道", "Jiefanglu Subdistrict"),
        ("仲宫镇", "Zhonggong Town"),
        ("于家务回族乡", "Yujiawu Hui Township"),
        ("南磨房地区", "Nanmofang Area"),
        ("棋盘街社区居民委员会", "Qipanjie Community"),
        ("马店村村民委员会", "Madian Village"),
        ("神武村民委员会", "Shenwu Village"),
        ("黄寺大街24号社区居委会", "Huangsidajie 24 Hao Community"),
    ],
)
def test_a_place_is_called_in_english(namer, chinese, english):
    assert namer.name(chinese).place.en == english


def test_a_committee_names_its_place(namer):
    name = namer.name("神武村民委员会")
    assert (name.label.zh, name.place.zh, name.stem.zh) == ("神武村民委员会", "神武村", "神武")


def test_a_zone_keeps_its_ending_in_the_short_name(namer):
    assert namer.name("商河经济开发区").stem.zh == "商河经济开发区"


def test_a_body_is_named_after_the_municipality(namer):
    assert namer.name("济南市").attributive.en == "Jinan Municipal"


def test_every_place_of_the_country_has_an_english_name_in_latin_letters(namer, city):
    jinan = city("370100")
    for division in [*jinan.nation.divisions.values(), *jinan.local.divisions.values()]:
        name = namer.name(division.name).place.en
        assert name.strip() == name
        assert name
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in name), name
