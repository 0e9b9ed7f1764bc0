package io.warmpath.agent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.routing.ReplicaReport.ServedModel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ModelListTest {

  @Test
  void parse_modelsAndAdapters_areToldApart() throws MalformedMetricsException {
    assertThat(
            parse(
                """
                {"object":"list","data":[
                {"id":"base","root":"/models/base","parent":null,"max_model_len":8192},
                {"id":"sql","root":"/adapters/sql","parent":"base"},
                {"id":"chat","parent":"/models/base"}]}\
                """))
        .containsExactly(new ServedModel("base", 8192, List.of("sql", "chat")));
  }

  @Test
  void parse_unknownLength_isZero() throws MalformedMetricsException {
    assertThat(parse("{\"data\":[{\"id\":\"m\"}]}"))
        .containsExactly(new ServedModel("m", 0, List.of()));
  }

  @Test
  void parse_tooMany_areCutToWhatARecordHolds() throws MalformedMetricsException {
    StringBuilder page = new StringBuilder("{\"data\":[{\"id\":\"m\"}");
    for (int i = 0; i < 300; i++) {
      page.append(",{\"id\":\"a").append(i).append("\",\"parent\":\"m\"}");
    }
    assertThat(parse(page.append("]}").toString()).getFirst().loraAdapters()).hasSize(256);
  }

  @Test
  void parse_otherPages_areRefused() {
    for (String page :
        List.of("", "{", "[]", "{\"data\":{}}", "{\"data\":[{}]}", "{\"data\":[7]}", "null")) {
      assertThatThrownBy(() -> parse(page)).as(page).isInstanceOf(MalformedMetricsException.class);
    }
  }

  private static List<ServedModel> parse(String page) throws MalformedMetricsException {
    return ModelList.parse(page.getBytes(StandardCharsets.UTF_8));
  }
}
