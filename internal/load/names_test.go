package load

import (
	"strings"
	"testing"
)

func TestNameSays(t *testing.T) {
	for name, want := range map[string]string{
		"NIC377644_HES_APC_201999_APPROVED_47032_01010001_0.txt":               "APC 1920 99",
		"nic1_hes_apc_202510.txt":                                              "APC 2526 10",
		"FILE0184861_HES_APC_2019.txt":                                         "APC 1920 ",
		"artificial_hes_apc_0102.csv":                                          "APC 0102 ",
		"artificial_hes_apc_2021.csv":                                          "APC 2021,2122 ",
		"artificial_hes_apc_9900.csv":                                          "APC 9900 ",
		"artificial_hes_apc_202302_v1_sample.zip: artificial_hes_apc_0203.csv": "APC 0203 ",
		"apc_201112.txt":                                                       "APC 1112 ",
		"synthetic_hes_apc_0809.txt.gz":                                        "APC 0809 ",
		"artificial_hes_op_0304_truncated.csv":                                 "OP 0304 ",
		"HES_AE_200713.txt":                                                    "AE 0708 13",
		"HESCC2010.txt":                                                        "",
		"hes_apc.txt":                                                          "APC  ",
		"HES_APC_20191_x.txt":                                                  "APC  ",
		"capc_2010.txt":                                                        "",
		"operations_2010.txt":                                                  "",
		"co-op_2010.txt":                                                       "",
		"x.txt":                                                                "",
	} {
		n := nameSays(name)
		got := n.dataSet + " " + strings.Join(n.years, ",") + " " + n.number
		if n.dataSet == "" {
			got = ""
		}
		if got != want {
			t.Errorf("%s says %q, want %q", name, got, want)
		}
	}
}
