"""Addresses: the division that each names, and what goes to a person."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any, cast

import opencc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.domain.normalise.addresses.address import AddressDeclared, AddressRule, AddressStandardiser
from cockpit.domain.normalise.addresses.divisions import COLUMNS, highest, narrowed, read_divisions
from cockpit.domain.normalise.standard import Standard
from cockpit.rulebook.normalisation import load_rule, load_standardiser
from cockpit.rulebook.workspace import REPOSITORY
from cockpit.rulebook.yaml_lines import read_yaml

RULES = REPOSITORY / "include/rules/normalisation"
RULE = cast(AddressRule, load_rule(RULES, "address"))
ADDRESS = load_standardiser(RULES, "address")
DIVISIONS = read_divisions((RULES / "divisions.csv").read_text(encoding="utf-8"))
BY_CODE = {division.code: division for division in DIVISIONS}

# Division code, and texts that name it.
FOUND = {
    "110000": [
        "亦庄",
        "Beijing",
        "Bei Jing",
        "Peking",
        "北京郊区",
        "北京经济技术开发区科创街",
        "北京中关村",
        "北京朝阳门",
    ],
    "110101": ["崇文区", "北京市东城区朝阳门内大街"],
    "110102": ["北京市宣武区", "北京市西城区金融大街", "北京市西城区"],
    "110105": [
        "No. 1 Jianguo Road, Chaoyang District, Beijing 100020, P.R. China",
        "100020 北京市朝阳区建国路88号",
        "北京市/市辖区/朝阳区",
        "建国路1号，朝阳区，北京市",
        "Chaoyang, Beijing",
        "朝阳区 Beijing",
    ],
    "110108": [
        "北京北京市海淀区中关村大街",
        "地址：北京市海淀区中关村大街27号",
        "北京海淀中关村",
        "Haidian, Beijing",
        "Haidian District, Beijing",
    ],
    "110112": ["北京通州"],
    "110113": ["顺义"],
    "110115": ["北京市大兴区亦庄"],
    "110118": ["密云县", "北京市密云县"],
    "120000": ["天津南京路", "天津开发区", "Tianjin, China"],
    "120101": ["天津市和平区南京路", "天津和平"],
    "120116": ["天津滨海新区", "天津塘沽", "天津经济技术开发区"],
    "130000": ["雄安新区", "河北雄安新区"],
    "130102": ["石家庄长安区"],
    "130208": ["唐山市丰润县"],
    "130400": ["邯郸县"],
    "130600": ["Baoding, Hebei"],
    "130606": ["保定市北市区"],
    "131000": ["河北廊坊"],
    "131082": ["廊坊燕郊", "三河市燕郊镇", "河北省廊坊市三河市燕郊"],
    "140000": ["Shanxi"],
    "140100": ["山西省太原市"],
    "140700": ["山西晋中"],
    "150000": ["内蒙", "Inner Mongolia"],
    "150100": ["内蒙呼市", "Hohhot"],
    "150105": ["内蒙古呼和浩特市赛罕区"],
    "150200": ["包头"],
    "150602": ["内蒙古鄂尔多斯东胜区"],
    "150700": ["呼伦贝尔"],
    "150781": ["呼伦贝尔满洲里"],
    "152200": ["兴安盟"],
    "152502": ["锡林郭勒盟锡林浩特"],
    "152921": ["阿拉善左旗"],
    "210106": ["沈阳铁西", "沈阳市铁西区"],
    "210200": ["大连经济技术开发区", "辽宁大连"],
    "210202": ["大连市中山区人民路", "中山区人民路"],
    "210213": ["大连金州"],
    "211100": ["盘锦"],
    "211300": ["朝阳市", "辽宁朝阳"],
    "211302": ["辽宁省朝阳市双塔区"],
    "220000": ["吉林", "Jilin"],
    "220100": ["吉林长春", "吉林省长春市"],
    "220104": ["长春朝阳", "长春市朝阳区"],
    "220184": ["公主岭市", "四平市公主岭市"],
    "220200": ["吉林市", "吉林吉林", "Jilin, Jilin", "Jilin City"],
    "220204": ["吉林省吉林市船营区"],
    "220300": ["四平市"],
    "222400": ["延边", "延边朝鲜族自治州"],
    "222401": ["延边州延吉市"],
    "230000": ["黑龙江省", "黑龙江"],
    "230100": ["哈尔滨"],
    "230102": ["黑龙江哈尔滨道里区"],
    "230110": ["哈尔滨市动力区"],
    "230200": ["齐齐哈尔"],
    "230600": ["黑龙江大庆"],
    "230717": ["伊春市伊春区"],
    "232700": ["大兴安岭"],
    "310000": [
        "Shanghai, China",
        "Nanjing Road 100, Shanghai",
        "Shanghai 张江路100号",
        "Shanghai",
        "SHANGHAI CHINA",
        "ｓｈａｎｇｈａｉ",
        "Beijing Road, Shanghai",
        "上海江苏路100号",
        "上海市江苏路100号",
        "上海市南京西路",
        "上海临港新片区",
        "上海市区",
        "上海市郊区",
        "Building 5, Zhangjiang Hi-Tech Park, Shanghai",
        "上海莘庄",
        "上海市北京西路",
        "上海市中山北路",
        "上海自贸区",
    ],
    "310101": ["中国上海市黄浦区", "上海市卢湾区淡水路"],
    "310104": ["公司地址:上海市徐汇区漕河泾开发区桂平路"],
    "310106": ["闸北区", "静安区", "上海市静安区南京西路1266号恒隆广场"],
    "310112": ["上海市闵行区莘庄镇", "Minhang District, Shanghai"],
    "310115": [
        "上海市浦东新区张江路100号",
        "上海浦东",
        "浦东新区张江路",
        "310115",
        "中国(上海)自由贸易试验区浦东新区张江路",
        "Pudong New Area, Shanghai",
        "邮编：200120 上海市浦东新区世纪大道",
        "上海市浦东新区世纪大道1号 200120",
        "上海市浦东新区世纪大道1号(200120)",
        "Room 1201, Tower A, No. 88 Century Avenue, Pudong, Shanghai 200120, P.R.China",
        "上海市浦东新区A路1号；上海市浦东新区B路2号",
        "浦东",
        "Address: No.88 Century Avenue, Pudong New Area, Shanghai, P.R.C. 200120",
        "Pudong",
    ],
    "320100": ["南京市北京东路", "南京市市区"],
    "320104": ["南京市白下区"],
    "320106": ["南京下关区", "江苏南京鼓楼"],
    "320115": ["南京江宁开发区", "江苏省南京市江宁县"],
    "320200": ["Wuxi, Jiangsu, China"],
    "320211": ["无锡市滨湖区", "滨湖区"],
    "320213": ["无锡市南长区", "无锡市崇安区"],
    "320214": ["无锡新吴区"],
    "320281": ["江阴市", "无锡江阴"],
    "320300": ["徐州市九里区"],
    "320412": ["常州市戚墅堰区"],
    "320500": [
        "江苏苏州工业园区",
        "苏州工业园区星湖街328号",
        "Suzhou",
        "Suzhou Industrial Park, Jiangsu",
        "苏州高新区",
        "苏州新区",
    ],
    "320508": ["苏州市平江区", "苏州沧浪区"],
    "320581": ["苏州常熟"],
    "320582": ["江苏省苏州市张家港市"],
    "320583": ["昆山", "Kunshan, Jiangsu", "昆山市花桥镇", "昆山花桥", "江苏省昆山市", "苏州昆山"],
    "320600": ["Nantong"],
    "320612": ["江苏南通通州区", "南通市通州市"],
    "320700": ["连云港"],
    "320800": ["淮阴市", "淮安"],
    "320803": ["淮安市楚州区"],
    "321200": ["泰州"],
    "321300": ["宿迁"],
    "330100": [
        "杭州文三路100号",
        "杭州西湖文化广场",
        "Hangzhou, Zhejiang Province, China 310000",
        "杭州西湖大道",
        "杭州市延安路",
    ],
    "330102": ["杭州市江干区", "330104"],
    "330106": ["杭州西湖区", "杭州市西湖区西湖大道"],
    "330108": ["浙江省杭州市滨江区网商路699号", "浙江 杭州 滨江", "浙江-杭州-滨江", "杭州市滨江区", "杭州滨江"],
    "330109": ["萧山市", "杭州萧山市"],
    "330110": ["阿里巴巴杭州市余杭区文一西路", "杭州余杭仓前"],
    "330113": ["杭州市余杭区临平街道"],
    "330114": ["杭州市江干区下沙街道2号大街", "浙江省杭州市江干区白杨街道", "杭州下沙"],
    "330200": ["Ningbo"],
    "330212": ["宁波市江东区", "宁波江东"],
    "330302": ["温州市鹿城区"],
    "330381": ["温州瑞安"],
    "330603": ["绍兴县", "浙江省绍兴市绍兴县"],
    "330681": ["绍兴诸暨"],
    "330782": ["浙江义乌", "义乌市", "金华义乌", "Yiwu, Zhejiang"],
    "331000": ["台州"],
    "331002": ["台州市椒江区"],
    "340100": ["合肥市", "安徽合肥", "Hefei, Anhui"],
    "340111": ["合肥包河"],
    "340124": ["安徽省巢湖市庐江县"],
    "340181": ["安徽省巢湖市居巢区"],
    "340200": ["芜湖"],
    "340210": ["芜湖县"],
    "341300": ["Suzhou, Anhui", "安徽宿州"],
    "350100": ["Fuzhou"],
    "350102": ["福州鼓楼"],
    "350200": ["厦门", "Xiamen, Fujian"],
    "350203": ["厦门思明"],
    "350405": ["沙县"],
    "350582": ["泉州晋江", "泉州市晋江市"],
    "360100": ["江西南昌"],
    "360400": ["九江"],
    "360700": ["江西赣州"],
    "361000": ["Fuzhou, Jiangxi"],
    "370103": ["济南市中区经四路", "济南市市中区"],
    "370116": ["莱芜市"],
    "370117": ["山东省莱芜市钢城区"],
    "370200": ["青岛市南京路", "Qingdao, Shandong", "Tsingtao", "山东省青岛市青岛大学"],
    "370202": ["青岛市南区香港中路"],
    "370203": ["青岛市四方区"],
    "370211": ["青岛胶南市", "山东青岛黄岛", "青岛西海岸新区"],
    "370215": ["青岛市即墨市", "青岛即墨"],
    "370600": ["烟台开发区"],
    "370614": ["烟台长岛县"],
    "371400": ["山东德州"],
    "410100": ["郑州航空港区"],
    "410105": ["河南省郑州市金水区花园路39号"],
    "410300": ["河南洛阳"],
    "411300": ["河南省南阳市"],
    "419001": ["济源市"],
    "420100": ["湖北省武汉市武汉大学", "光谷", "武汉光谷", "武汉东湖高新区", "Wuhan, Hubei 430000"],
    "420111": ["武汉市洪山区光谷"],
    "420600": ["襄樊", "湖北襄阳"],
    "420606": ["襄樊市樊城区人民路1号"],
    "420607": ["襄阳区", "湖北省襄樊市襄阳区"],
    "421000": ["荆沙市"],
    "421002": ["荆州沙市区"],
    "421100": ["湖北黄冈"],
    "421321": ["湖北省 随州市 随县 唐县镇 科技大厦5楼"],
    "422800": ["恩施"],
    "422801": ["恩施市", "恩施州恩施市"],
    "429004": ["仙桃", "湖北省仙桃市"],
    "430112": ["长沙市望城县"],
    "430121": ["长沙县星沙", "湖南省长沙县", "长沙长沙县"],
    "430212": ["株洲县"],
    "430400": ["衡阳市"],
    "430600": ["湖南岳阳"],
    "430800": ["张家界", "大庸市"],
    "433100": ["湘西州"],
    "433101": ["湖南湘西吉首"],
    "440100": ["Guangzhou City, Guangdong, CN", "广州市北京路"],
    "440104": ["广州市东山区", "广州东山区农林下路"],
    "440106": ["注册地址 广州市天河区珠江新城", "Floor 3, Tianhe District, Guangzhou", "天河区体育西路"],
    "440113": ["广州番禺大石"],
    "440115": ["广州南沙", "南沙新区"],
    "440300": ["Shenzhen, Guangdong", "前海", "Guangdong Shenzhen", "广东省广东省深圳市"],
    "440305": [
        "廣東省深圳市南山區科技園",
        "广东,深圳,南山",
        "华星仪器有限公司 广东省深圳市南山区科技园",
        "Rm 5, 12/F, Nanshan District, Shenzhen, Guangdong Province, PRC",
        "深圳市南山区粤海街道科技园社区",
        "深圳南山科技园",
    ],
    "440400": ["横琴", "珠海横琴", "Zhuhai"],
    "440402": ["珠海香洲"],
    "440511": ["汕头市金园区"],
    "440604": ["佛山禅城"],
    "440605": ["佛山南海", "佛山市南海市"],
    "440606": ["广东省佛山市顺德区大良街道", "广东顺德", "佛山顺德区"],
    "441302": ["惠州惠城"],
    "441900": ["东莞市长安镇", "东莞市南城区", "广东省东莞市松山湖", "Dongguan City"],
    "442000": ["中山市东区", "中山小榄镇", "广东中山", "中山市", "中山古镇", "中山火炬开发区"],
    "450100": ["广西南宁"],
    "450103": ["广西壮族自治区南宁市青秀区"],
    "450300": ["广西桂林"],
    "450332": ["恭城县", "广西恭城瑶族自治县"],
    "460000": ["海南", "Hainan"],
    "460100": ["海南省海口市", "海口市振东区", "Haikou, Hainan", "海南海口"],
    "460200": ["海南三亚"],
    "460205": ["三亚市崖州区"],
    "460300": ["三沙市", "三沙"],
    "460321": ["西沙群岛"],
    "460400": ["海南儋州", "儋州市"],
    "500000": ["重庆市两江新区", "Chongqing", "Chongqing Municipality"],
    "500101": ["重庆万州"],
    "500103": ["重庆市渝中区解放碑"],
    "500105": ["重庆江北", "重庆江北区观音桥"],
    "500154": ["重庆市开县"],
    "510100": ["成都高新区天府大道", "四川成都高新区", "成都双流机场", "四川成都", "成都天府新区", "Chengdu"],
    "510116": ["成都市双流县", "双流区"],
    "510117": ["四川省成都市郫县"],
    "510185": ["四川省简阳市", "资阳市简阳市"],
    "510800": ["广元"],
    "511400": ["四川眉山"],
    "513401": ["四川省凉山州西昌市"],
    "520000": ["贵安新区"],
    "520100": ["贵州贵阳"],
    "520304": ["遵义县"],
    "520500": ["毕节地区"],
    "520502": ["贵州省毕节市七星关区"],
    "522601": ["黔东南州凯里市"],
    "530100": ["云南昆明"],
    "530114": ["昆明呈贡"],
    "530800": ["思茅市", "云南普洱"],
    "530802": ["思茅区"],
    "530821": ["普洱县"],
    "532900": ["云南大理"],
    "532901": ["大理市", "大理州大理市"],
    "540100": ["西藏拉萨", "Lhasa, Tibet"],
    "540102": ["西藏拉萨市城关区"],
    "540200": ["日喀则地区"],
    "540400": ["西藏林芝"],
    "610000": ["西咸新区", "Shaanxi Province"],
    "610100": [
        "Xi'an",
        "陕西省西安市",
        "Xian, Shanxi",
        "Xi’an City, Shaanxi",
        "西安长安大学",
        "西安高新区锦业路",
        "陕西西安",
    ],
    "610113": ["西安雁塔"],
    "610116": ["西安市长安区"],
    "610118": ["西安市户县"],
    "610400": ["咸阳"],
    "620100": ["甘肃兰州", "兰州新区"],
    "622900": ["甘肃临夏"],
    "630100": ["青海西宁"],
    "632500": ["青海海南州", "海南藏族自治州"],
    "632521": ["海南州共和县"],
    "640100": ["宁夏银川"],
    "640104": ["宁夏回族自治区银川市兴庆区"],
    "640300": ["宁夏吴忠"],
    "650000": ["新疆"],
    "650100": ["Urumqi, Xinjiang", "乌鲁木齐"],
    "650102": ["新疆维吾尔自治区乌鲁木齐市天山区"],
    "650104": ["乌鲁木齐市新市区"],
    "652300": ["新疆昌吉"],
    "652801": ["新疆巴州库尔勒市"],
    "653100": ["新疆喀什"],
    "653101": ["喀什市"],
    "654002": ["新疆伊犁州伊宁市"],
    "659001": ["石河子", "新疆石河子市", "新疆生产建设兵团第八师石河子市"],
    "710000": [
        "臺北市信義區",
        "台湾省台北市",
        "Taipei, Taiwan",
        "台湾",
        "中国台湾台北",
        "新竹",
        "高雄市",
        "台湾新竹县",
        "台中市",
    ],
    "810000": [
        "香港九龙旺角",
        "香港特别行政区湾仔区",
        "Hong Kong",
        "Kowloon, Hong Kong",
        "Hongkong",
        "Shanghai Street, Kowloon",
        "中国香港",
        "香港",
        "香港中环皇后大道中",
        "香港新界沙田",
    ],
    "820000": ["澳门", "Macau", "澳门特别行政区", "澳门半岛"],
}

# What no machine may decide: text, candidate if any, outcome, reason.
OPEN = [
    ("朝阳区建国路", None, "review", "ambiguous"),
    ("北京路3号", None, "review", "road_name"),
    ("中山大学", None, "review", "named_after_place"),
    ("阿里巴巴", None, "review", "named_after_place"),
    ("南山区", None, "review", "ambiguous"),
    ("西湖区文三路", None, "review", "ambiguous"),
    ("鼓楼区", None, "review", "ambiguous"),
    ("上海路", None, "review", "road_name"),
    ("南京东路100号", None, "review", "road_name"),
    ("广东省杭州市", None, "review", "contradiction"),
    ("日本东京都", None, "absent", "abroad"),
    ("Tokyo, Japan", None, "absent", "abroad"),
    ("Singapore", None, "absent", "abroad"),
    ("123 Main St, San Francisco, CA 94105, USA", None, "absent", "abroad"),
    ("北京市朝阳区建国路1号；上海市浦东新区张江路2号", None, "review", "several"),
    ("100020", None, "review", "postcode_only"),
    ("杭州阿里巴巴", "330100", "review", "unclear"),
    ("深圳华强北", "440300", "review", "unclear"),
    ("北京大学", None, "review", "named_after_place"),
    ("上海电气", None, "review", "named_after_place"),
    ("青岛啤酒", None, "review", "named_after_place"),
    ("中国银行", None, "invalid", "no_place"),
    ("人民路100号", None, "review", "place_missing"),
    ("asdf", None, "invalid", "no_place"),
    ("无", None, "absent", "no_value"),
    ("Taizhou", None, "review", "ambiguous"),
    ("Chaoyang", None, "review", "ambiguous"),
    ("Beijing Road 5", None, "review", "named_after_place"),
    ("大理", "532900", "review", "unclear"),
    ("办公地址：深圳市福田区 注册地址：上海市浦东新区", None, "review", "several"),
    ("沙市", "421002", "review", "unclear"),
    ("东山区", None, "review", "ambiguous"),
    ("四川省重庆市", None, "review", "contradiction"),
    ("通州区", None, "review", "ambiguous"),
    ("通州市", None, "review", "ambiguous"),
    ("中山路123号", None, "review", "road_name"),
    ("中山", "442000", "review", "unclear"),
    ("Nanjing University", None, "review", "named_after_place"),
    ("Bank of Beijing", None, "review", "named_after_place"),
    ("Shanghai Huaxing Instruments Co., Ltd.", None, "review", "named_after_place"),
    ("Yichun", None, "review", "ambiguous"),
    ("Guangzhou, Beijing", None, "review", "contradiction"),
    ("New York, NY 10001", None, "absent", "abroad"),
    ("London", None, "absent", "abroad"),
    ("Berlin, Germany", None, "absent", "abroad"),
    ("1-2-3 Ginza, Tokyo", None, "absent", "abroad"),
    ("美国加州硅谷", None, "absent", "abroad"),
    ("韩国首尔", None, "absent", "abroad"),
    ("德国慕尼黑", None, "absent", "abroad"),
    ("新加坡", None, "absent", "abroad"),
    ("马来西亚吉隆坡", None, "absent", "abroad"),
    ("越南胡志明市", None, "absent", "abroad"),
    ("印度", None, "absent", "abroad"),
    ("印度尼西亚雅加达", None, "absent", "abroad"),
    ("俄罗斯", None, "absent", "abroad"),
    ("香港大学", None, "review", "named_after_place"),
    ("香港路5号", None, "review", "road_name"),
    ("全国", None, "invalid", "no_place"),
    ("国内", None, "invalid", "no_place"),
    ("华东", None, "invalid", "no_place"),
    ("江浙沪", None, "invalid", "no_place"),
    ("长三角", None, "invalid", "no_place"),
    ("测试", None, "invalid", "no_place"),
    ("111111", None, "review", "postcode_only"),
    ("12345", None, "invalid", "no_place"),
    ("上海/北京", None, "review", "several"),
    ("上海、北京、广州", None, "review", "several"),
    ("北京市,上海市", None, "review", "several"),
    ("江苏省南京市、浙江省杭州市", None, "review", "several"),
    ("广东省广州市天河区；广东省深圳市南山区", None, "review", "several"),
    ("浙江上海", None, "review", "contradiction"),
    ("长安区", None, "review", "ambiguous"),
    ("兰州拉面", None, "review", "named_after_place"),
    ("北京烤鸭", None, "review", "named_after_place"),
    ("沙县小吃", None, "review", "named_after_place"),
    ("重庆火锅", None, "review", "named_after_place"),
    ("扬州炒饭", "321000", "review", "unclear"),
    ("德州仪器", None, "review", "named_after_place"),
    ("武汉大学", None, "review", "named_after_place"),
    ("西藏路", None, "review", "road_name"),
    ("新疆路100弄", None, "review", "road_name"),
    ("四川北路", None, "review", "road_name"),
    ("江苏银行", None, "review", "named_after_place"),
    ("澳门氹仔", "820000", "review", "unclear"),
    ("上海昆山", "310000", "review", "unclear"),
    ("昆山路5号", None, "review", "road_name"),
    ("下沙", None, "invalid", "no_place"),
    ("天河", "440106", "review", "unclear"),
    ("北京望京", "110000", "review", "unclear"),
    ("南京鼓楼医院", "320100", "review", "unclear"),
    ("东莞长安", "441900", "review", "unclear"),
    ("东莞虎门", "441900", "review", "unclear"),
    ("延吉", "222401", "review", "unclear"),
    ("Yiwu", None, "review", "ambiguous"),
    ("Georgia, USA", None, "absent", "abroad"),
    ("Moscow", None, "absent", "abroad"),
    ("Perth, Australia", None, "absent", "abroad"),
    ("中国", None, "absent", "no_value"),
    ("中国大陆", None, "absent", "no_value"),
    ("北京 上海", None, "review", "contradiction"),
    ("江宁", "320115", "review", "unclear"),
    ("长春吉林大学", "220100", "review", "unclear"),
    ("山东大学", None, "review", "named_after_place"),
    ("青岛大学", None, "review", "named_after_place"),
    ("华中科技大学", None, "invalid", "no_place"),
    ("上海虹桥", "310000", "review", "unclear"),
    ("南沙", None, "review", "ambiguous"),
]


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in FOUND.items() for text in texts])
def test_division(code: str, text: str) -> None:
    standard = ADDRESS.standardise(text)
    assert (standard.value, standard.outcome) == (code, "ok")
    assert 0 < standard.confidence <= 1


@pytest.mark.parametrize(("text", "value", "outcome", "reason"), OPEN, ids=[row[0] for row in OPEN])
def test_no_guess(text: str, value: str | None, outcome: str, reason: str) -> None:
    standard = ADDRESS.standardise(text)
    assert (standard.value, standard.outcome, standard.reason) == (value, outcome, reason)
    assert standard.confidence < 0.5


@pytest.mark.parametrize(
    ("text", "details"),
    [
        (
            "上海市浦东新区张江路100号",
            {
                "level": "district",
                "province": "上海市",
                "city": "上海市",
                "district": "浦东新区",
                "region_code": "CN-SH",
                "sales_region": "华东",
                "sales_region_code": "east",
                "rest": "张江路100号",
            },
        ),
        ("湖北省仙桃市", {"level": "district", "city": None, "district": "仙桃市", "region_code": "CN-HB"}),
        ("内蒙", {"level": "province", "city": None, "region_code": "CN-NM", "sales_region": "华北"}),
        ("重庆万州", {"region_code": "CN-CQ", "sales_region": "西南", "city": "重庆市", "district": "万州区"}),
        ("香港九龙旺角", {"region_code": "CN-HK", "sales_region": "港澳台", "rest": "旺角"}),
        ("臺北市信義區", {"region_code": "CN-TW", "city": "台北市", "district": "信义区"}),
        ("杭州市江干区", {"district": "上城区", "changed_from": "江干区", "changed_in": 2021}),
        ("100020 北京市朝阳区建国路88号", {"postcode": "100020", "rest": "建国路88号"}),
        ("上海市浦东新区世纪大道1号(邮编：200120)", {"postcode": "200120", "rest": "世纪大道1号"}),
        ("苏州工业园区星湖街328号", {"zone": "苏州工业园区", "city": "苏州市", "rest": "星湖街328号"}),
        ("建国路1号，朝阳区，北京市", {"district": "朝阳区", "rest": "建国路1号"}),
        ("12 Jianguo Road, Chaoyang, Beijing 100020, China", {"rest": "12 Jianguo Road", "postcode": "100020"}),
        ("朝阳区建国路", {"candidates": ["110105", "220104"]}),
        ("广东省杭州市", {"candidates": ["440000", "330100"]}),
        ("江苏省鼓楼区", {"province": "江苏省", "district": None, "candidates": ["320106", "320302"]}),
        ("Tokyo, Japan", {"country": "JP"}),
    ],
)
def test_details(text: str, details: dict[str, Any]) -> None:
    found = ADDRESS.standardise(text).details
    assert {name: found.get(name) for name in details} == details


def test_a_shared_district_leaves_its_province() -> None:
    standard = ADDRESS.standardise("江苏省鼓楼区")
    assert (standard.value, standard.outcome, standard.reason) == ("320000", "ok", "district_ambiguous")
    assert standard.confidence < ADDRESS.standardise("江苏省").confidence


@pytest.mark.parametrize(
    ("within", "text", "value", "outcome"),
    [
        ("110000", "朝阳区建国路", "110105", "ok"),
        ("220100", "朝阳区建国路", "220104", "ok"),
        ("440000", "南山区", "440305", "ok"),
        ("110000", "北京市海淀区", "110108", "ok"),
        ("110000", "上海市浦东新区", None, "review"),
        ("330000", "杭州市江干区", "330102", "ok"),
        ("110000", "人民路1号", None, "review"),
    ],
)
def test_a_declared_place_decides(within: str, text: str, value: str | None, outcome: str) -> None:
    standard = AddressStandardiser(RULE, AddressDeclared(within=within)).standardise(text)
    assert (standard.value, standard.outcome) == (value, outcome)


def test_a_declared_place_must_exist() -> None:
    with pytest.raises(ValueError, match="999999"):
        load_rule_with(AddressDeclared(within="999999"))
    with pytest.raises(ValidationError):
        AddressDeclared(within="Beijing")


def load_rule_with(declared: AddressDeclared) -> AddressStandardiser:
    return AddressStandardiser(RULE, declared)


WORDS = [
    "上海",
    "市",
    "浦东新区",
    "路",
    "北京",
    "朝阳",
    "区",
    "吉林",
    "江干区",
    "下沙街道",
    "，",
    " ",
    "/",
    "；",
    "100020",
    "中国",
]
WORDS += [
    "Shanghai",
    "China",
    ",",
    "Xi'an",
    "Road",
    "海南",
    "州",
    "省",
    "市辖区",
    "大学",
    "1号",
    "香港",
    "台北",
    "310115",
    "USA",
]
WORDS += [
    "\u200f",
    "\x00",
    "\ud800",
    "邮编",
    "地址:",
    "镇",
    "县",
    "沙",
    "内蒙",
    "雄安新区",
    "日本",
    "襄樊",
    "臺",
    "　",
    "Ｓ",
    "和",
]
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=9).map("".join))


@given(TEXTS)
@example("上海市" * 1000)
@example("\ud800\x00")
def test_any_text_gives_a_result_that_is_stable(text: str) -> None:
    standard = ADDRESS.standardise(text)
    assert isinstance(standard, Standard)
    assert ADDRESS.standardise_batch([text, "上海", text]) == [standard, ADDRESS.standardise("上海"), standard]
    if standard.outcome == "ok":
        again = ADDRESS.standardise(str(standard.value))
        assert (again.value, again.outcome) == (standard.value, "ok")


TO_TRADITIONAL = opencc.OpenCC("s2t")


@pytest.mark.parametrize("text", [texts[0] for texts in FOUND.values() if "\u4e00" <= texts[0][0] <= "\u9fff"])
def test_width_and_script_say_nothing(text: str) -> None:
    plain = ADDRESS.standardise(text)
    wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)
    for other in (wide, f"\u200b {text}\u3000", TO_TRADITIONAL.convert(text)):
        assert ADDRESS.standardise(other).value == plain.value, other


def test_codes_are_read_as_they_are_written() -> None:
    for division in DIVISIONS:
        standard = ADDRESS.standardise(division.code)
        if "-" not in division.code:
            assert standard.outcome == "ok"
            assert standard.value == (division.successor_code or division.code).partition("-")[0]


def test_every_official_name_is_found() -> None:
    for division in DIVISIONS:
        if "-" in division.code or division.successor_code:
            continue
        chain = [division]
        while chain[0].parent_code:
            chain.insert(0, BY_CODE[chain[0].parent_code])
        text = "".join(each.name for each in chain)
        assert ADDRESS.standardise(text).value == division.code, text
        assert ADDRESS.standardise(f"{text}人民路1号").value == division.code, text


def test_the_table_has_the_provinces_and_the_changes() -> None:
    assert sum(division.level == "province" for division in DIVISIONS) == 34
    assert sum(bool(division.successor_code) for division in DIVISIONS) > 150
    assert all(division.changed_in for division in DIVISIONS if division.successor_code)


def test_the_demo_regions_have_the_same_sales_regions() -> None:
    demo, _lines = read_yaml(REPOSITORY / "include/rules/demo/regions.yml")
    for region in demo["regions"]:
        found = ADDRESS.standardise(region["name_zh"]).details
        assert (found["region_code"], found["sales_region_code"]) == (
            region["region_code"],
            region["sales_region_code"],
        )
        assert ADDRESS.standardise(region["name_en"]).details["region_code"] == region["region_code"]


@pytest.mark.realdata
def test_names_of_all_towns_give_their_district(real_data: Path) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with gzip.open(real_data / f"cn_divisions/{name}.csv.gz", "rt", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    provinces = {row["code"]: row["name"] for row in rows("provinces")}
    cities = {row["code"]: row["name"] for row in rows("cities")}
    districts = {row["code"]: row["name"] for row in rows("areas")}
    known = {division.code for division in DIVISIONS}
    texts, codes = [], []
    for town in rows("streets"):
        city = cities[town["cityCode"]]
        # 市辖区 and 县 are headings, not cities.
        city = city if f"{town['cityCode']}00" in known else ""
        texts.append(f"{provinces[town['provinceCode']]}{city}{districts[town['areaCode']]}{town['name']}12号")
        codes.append(town["areaCode"] if town["areaCode"] in known else f"{town['cityCode']}00")
    wrong = [
        (text, standard.value, code)
        for text, standard, code in zip(texts, ADDRESS.standardise_batch(texts), codes, strict=True)
        if standard.value != code or standard.outcome != "ok"
    ]
    assert len(texts) > 41_000
    assert not wrong


HEADER = ",".join(COLUMNS)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "first line"),
        ("code,name\n", "first line"),
        (f"{HEADER}\n110000,北京市\n", "line 2 has 2 cells"),
        (f"{HEADER}\n11,北京市,北京,beijing,province,,,\n", "line 2"),
        (f"{HEADER}\n110000,北京市,北京,beijing,state,,,\n", "state"),
        (f"{HEADER}\n110000,北京市,北京,beijing,province,,,soon\n", "soon"),
        (f"{HEADER}\n110000,北京市,北京,,province,,,\n110000,北京市,北京,,province,,,\n", "twice"),
        (f"{HEADER}\n110101,东城区,东城,,district,110000,,\n", "110000"),
        (f"{HEADER}\n110101,东城区,东城,,district,,,\n", "parent"),
    ],
)
def test_a_wrong_table_is_refused(table: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_divisions(table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"aliases": {"内蒙": "159999"}}, "159999"),
        ({"region_codes": {"110000": "CN-BJ"}}, "region_codes"),
        ({"sales_regions": {"north": {"en": "North", "zh": "华北", "divisions": ["110000"]}}}, "sales_regions"),
        (
            {
                "sales_regions": {
                    "north": {"en": "North", "zh": "华北", "divisions": ["110000"]},
                    "east": {"en": "East", "zh": "华东", "divisions": ["110000"]},
                }
            },
            "110000",
        ),
        ({"known_short": ["亚特兰蒂斯"]}, "亚特兰蒂斯"),
        ({"road_endings": []}, "road_endings"),
    ],
)
def test_a_wrong_rule_is_refused(change: dict[str, Any], message: str) -> None:
    content, _lines = read_yaml(RULES / "address.yml")
    content.pop("divisions_from")
    with pytest.raises(ValidationError, match=message):
        AddressRule.model_validate({**content, "divisions": DIVISIONS, **change})


def test_places_are_narrowed_by_what_is_named_with_them() -> None:
    index = RULE.index
    chaoyang = [place for place, form in index.by_name["朝阳区"] if form == "full"]
    beijing, changchun, jilin = (index.by_code[code] for code in ("110000", "220100", "220000"))
    assert {place.division.code for place in chaoyang} == {"110105", "220104"}
    assert [place.division.code for place in narrowed(chaoyang, [beijing])] == ["110105"]
    assert [place.division.code for place in narrowed([changchun], chaoyang)] == ["220104"]
    assert narrowed([beijing], [jilin]) == []
    assert highest([changchun, beijing]) == [beijing]
