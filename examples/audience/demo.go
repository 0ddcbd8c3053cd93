package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// questions are rules to ask the service of the generated shop.
var questions = []string{
	`vip`,
	`city = "广东"`,
	`last_order older than 60 days and vip`,
	`orders >= 3 and interests has any of ("露营", "户外")`,
	`会员等级 in （“金卡”，“黑金”） and city in （“上海”，“广东/深圳”）`,
	`birthday anniversary within 7 days`,
	`at least 2 of (p_active < 0.3, last_order older than 180 days, orders = 1)`,
	`vip and citty = "广东"`, // a mistake
}

// demonstrate asks the service at the address how many each of the questions selects, and prints the answers.
func demonstrate(address string, stdout io.Writer) error {
	for _, rule := range questions {
		body, _ := json.Marshal(map[string]string{"rule": rule}) // text can always be written
		response, err := http.Post(address+"/count", "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		var answer struct {
			counted
			Error string
		}
		err = json.NewDecoder(response.Body).Decode(&answer)
		response.Body.Close()
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", response.Status, err)
		case response.StatusCode == http.StatusOK:
			fmt.Fprintf(stdout, "%8d  %5.1f%%  %6.2f ms  %s\n", answer.Count, 100*answer.Share, answer.Took, rule)
		case response.StatusCode == http.StatusUnprocessableEntity:
			fmt.Fprintf(stdout, "%s\n  %s\n", rule, answer.Error)
		default:
			return fmt.Errorf("%s: %s", response.Status, answer.Error)
		}
	}
	return nil
}
